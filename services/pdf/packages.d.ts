/** The parts that are used here of two packages without types that fit. */

declare module 'subset-font' {
  interface Options {
    readonly keepAllGlyphs?: boolean;
    readonly targetFormat?: 'sfnt' | 'woff' | 'woff2';
    readonly variationAxes?: Readonly<Record<string, number>>;
  }
  export default function subsetFont(font: Buffer, text: string, options: Options): Promise<Buffer>;
}

/** Its own types say what a bundler makes of it; Node takes it as CommonJS, whose one export is the function. */
declare module 'bidi-js' {
  export interface EmbeddingLevels {
    readonly levels: Uint8Array;
  }
  export interface Bidi {
    getEmbeddingLevels(text: string): EmbeddingLevels;
    /** Stretches from `start` to `end`, the ends included, that have to be turned round one after the other. */
    getReorderSegments(text: string, levels: EmbeddingLevels, start: number, end: number): [from: number, to: number][];
    getMirroredCharactersMap(text: string, levels: Uint8Array, start: number, end: number): Map<number, string>;
  }
  export default function bidiFactory(): Bidi;
}
