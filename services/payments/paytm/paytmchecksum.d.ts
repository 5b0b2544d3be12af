/** The package has no types; this is the part that is used. */
declare module 'paytmchecksum' {
  const PaytmChecksum: {
    generateSignature(this: void, text: string, key: string): Promise<string>;
    calculateHash(this: void, text: string, salt: string): string;
  };
  export = PaytmChecksum;
}
