/** The tag by which a scaler may read queues, and have event sources set: those of subscribers that scale. */
export const SCALER_TAG = 'waybill:scaler';
