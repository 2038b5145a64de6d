/**
 * Elements are made by hono's JSX without its syntax: Node runs these sources by stripping their types, and JSX is more
 * than a type. Texts and attributes are escaped.
 */

export type { Child } from 'hono/jsx';
export { Fragment, jsx as h } from 'hono/jsx';
