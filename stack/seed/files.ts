/** Small files that are really what their names say, made here so that a download has something to bring. */
import { buffer } from 'node:stream/consumers';
import Pdf from 'pdfkit';

export interface ProductFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly contentType: string;
}

const chapters: readonly (readonly [string, string])[] = [
  ['Before the first journey', 'Adjust seat, mirrors and steering wheel, in this order. Fasten the seat belt, also on the back seats.'],
  ['Tyres', 'Check the pressure once a month while the tyres are cold. Below 4 mm of tread a winter tyre is one no longer.'],
  ['Lights and fuses', 'The fuse box is on the left of the instrument panel. Replace a fuse only by one of the same colour.'],
  ['If something is wrong', 'Stop where it is safe, switch on the hazard lights, put on the vest, and call us.'],
];

/** A handbook of two pages, as a PDF. */
export async function handbook(): Promise<Uint8Array> {
  const pdf = new Pdf({ size: 'A5', margin: 48, info: { Title: "Owner's handbook", Author: 'Motorhaus Press', Creator: 'Holdfast', Producer: 'Holdfast' } });
  const bytes = buffer(pdf);
  pdf.fontSize(22).text("Owner's handbook").moveDown().fontSize(11).text('A sample, to show that a download brings what was bought.');
  pdf.addPage();
  for (const [title, words] of chapters) pdf.fontSize(14).text(title).fontSize(10).text(words).moveDown();
  pdf.end();
  return await bytes;
}

const sampleRate = 8_000;
const wavHeaderBytes = 44;
/** Hertz, of one stroke each; a second long. */
const strokes = [523, 659, 784, 523];

/** Four strokes of bells that fade away, as a WAV file: mono, 8 bits. */
export function bellSignals(): Uint8Array {
  const samples = strokes.length * sampleRate;
  const file = Buffer.alloc(wavHeaderBytes + samples);
  file.write('RIFF', 0);
  file.writeUInt32LE(file.length - 8, 4);
  file.write('WAVEfmt ', 8);
  file.writeUInt32LE(16, 16);
  // Uncompressed, one channel, as many bytes a second as samples, one byte and eight bits a sample.
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(sampleRate, 24);
  file.writeUInt32LE(sampleRate, 28);
  file.writeUInt16LE(1, 32);
  file.writeUInt16LE(8, 34);
  file.write('data', 36);
  file.writeUInt32LE(samples, 40);
  for (let index = 0; index < samples; index += 1) {
    const seconds = (index % sampleRate) / sampleRate;
    const hertz = strokes[Math.floor(index / sampleRate)] ?? 0;
    file[wavHeaderBytes + index] = 128 + Math.round(100 * Math.exp(-4 * seconds) * Math.sin(2 * Math.PI * hertz * seconds));
  }
  return file;
}
