/** A mistake as somebody might make it, planted into the framework's own source where a test loads it. */
export interface Bug {
  readonly name: string;
  /** What a reviewer would say of it. */
  readonly mistake: string;
  readonly edits: readonly Edit[];
  /** In which system it shows: of `careless`, whose handlers make mistakes of their own, all but these counts; of `payments`, which pays at services outside;
   * of `vouchers`, which wait for longer than a service keeps keys; of `formats`, whose row formats change and whose functions are rolled back;
   * of `warehouse`, whose subscribers come and go; of `outages`, whose services fail, with breakers and redrives; of `growth`, whose
   * ledger grows; of `sale`, whose subscriber scales; of `accounts`, whose subscribers keep the order of a key; of `forged`, whose ledger signs;
   * of `offers`, whose messages expire within a minute; of `notices`, which posts many at once. @default 'shop' */
  readonly system?:
    | 'shop'
    | 'careless'
    | 'payments'
    | 'vouchers'
    | 'formats'
    | 'warehouse'
    | 'outages'
    | 'growth'
    | 'sale'
    | 'accounts'
    | 'forged'
    | 'offers'
    | 'notices';
  /** Whether only hundreds of plans find it: then the corpus has one that does. @default false */
  readonly rare?: true;
  /** What the plans are made for that find it. @default anything */
  readonly by?: readonly string[];
}

export interface Edit {
  /** Below `lib`. */
  readonly file: string;
  /** Stands there once; the test says so where it does not any more. */
  readonly find: string;
  readonly replace: string;
}
