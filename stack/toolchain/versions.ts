/** The versions that were tried together. Newer ones may need a newer Go, or another schema. */
export const temporalServerVersion = '1.32.0';
export const temporalUiVersion = '2.54.1';
export const testServerVersion = '1.39.0';
/** What the server's go.mod asks for. An older Go from 1.21 on fetches the newer one by itself. */
export const goVersionWanted = '1.26';
