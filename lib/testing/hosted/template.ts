/** A CloudFormation template, as `Template.fromStack(stack).toJSON()` gives it or a cloud assembly holds it. */
export interface Template {
  readonly Resources?: Readonly<Record<string, TemplateResource>>;
  readonly Outputs?: Readonly<Record<string, TemplateOutput>>;
}

/** A resource of a template. */
export interface TemplateResource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

interface TemplateOutput {
  readonly Value: unknown;
  readonly Export?: { readonly Name: unknown };
}

/** Where a resource is declared. */
export interface Place {
  /** The stack's name. */
  readonly stack: string;
  readonly logicalId: string;
}
