/** What `verify` found: the effect was done, and this is what the service answered. */
export interface Done<Answer> {
  readonly kind: 'done';
  readonly answer: Answer;
}

/** What `verify` found out about an effect whose end was unknown. */
export type Verified<Answer> = Done<Answer> | { readonly kind: 'notDone' } | { readonly kind: 'unknown' };

/** Says in `verify` that the effect was done, and what the service answered. */
export function done<const Answer>(answer: Answer): Done<Answer> {
  return { kind: 'done', answer };
}

/** Says in `verify` that the effect was not done, and will not be by a request that was sent before: it is run again. */
export function notDone(): { readonly kind: 'notDone' } {
  return { kind: 'notDone' };
}

/** Says in `verify` that the service cannot tell yet: the message comes again, and ends as dead if that stays so. */
export function unknown(): { readonly kind: 'unknown' } {
  return { kind: 'unknown' };
}
