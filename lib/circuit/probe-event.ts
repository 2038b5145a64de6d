/** The property of an event by which the controller says that its one record is a probe. */
export const PROBE = 'waybillProbe';
