/** The versions that were tried together. Newer ones may need a newer Go, or another schema. */
export const temporalServerVersion = '1.32.0';
export const temporalUiVersion = '2.54.1';
export const testServerVersion = '1.39.0';
/** What the server's go.mod asks for. An older Go from 1.21 on fetches the newer one by itself. */
export const goVersionWanted = '1.26';
/** Stripe's own stand-in for its API, for a test of the adapter. */
export const stripeMockVersion = '0.203.0';
/** An S3 server of other people, for the test of the storage. */
export const s3ServerVersion = '1.2.0';
