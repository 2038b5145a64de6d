declare module 'asl-validator' {
  /** Whether a definition is Amazon States Language, and what of it is not. */
  export default function validate(definition: object): {
    readonly isValid: boolean;
    readonly errors: readonly { readonly Message: string }[];
  };
}
