/** XML as a stream of events, with limits: nothing in it may make the parser collect without end. */
import { SaxesParser } from 'saxes';
import { FileProblem } from '../types.ts';

/** A tag with its attributes, or a piece of text, is never so long in a sheet: a cell holds at most 32,767 characters. */
const longestToken = 1024 * 1024;
const deepest = 64;

export interface XmlHandlers {
  /** Names are without their prefix. */
  readonly open: (name: string, attributes: Readonly<Record<string, string>>) => void;
  readonly close?: (name: string) => void;
  readonly text?: (text: string) => void;
}

/** Hands over after each piece, so that what the handlers collected can be passed on. */
export async function* parseXml(blocks: AsyncIterable<Buffer>, { open, close, text }: XmlHandlers): AsyncGenerator<void> {
  const parser = new SaxesParser({ position: false, xmlns: false } as const);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let depth = 0;
  let sinceLastToken = 0;
  parser.on('opentag', (tag) => {
    sinceLastToken = 0;
    depth += 1;
    if (depth > deepest) throw damaged();
    open(withoutPrefix(tag.name), tag.attributes);
  });
  parser.on('closetag', (tag) => {
    sinceLastToken = 0;
    depth -= 1;
    close?.(withoutPrefix(tag.name));
  });
  if (text !== undefined) {
    parser.on('text', text);
    parser.on('cdata', text);
  }
  // Spreadsheets write none, and its entities could grow without end.
  parser.on('doctype', () => {
    throw damaged();
  });
  parser.on('error', () => {
    throw damaged();
  });
  const decode = (block?: Buffer): string => {
    try {
      return block === undefined ? decoder.decode() : decoder.decode(block, { stream: true });
    } catch {
      throw damaged();
    }
  };
  for await (const block of blocks) {
    const piece = decode(block);
    sinceLastToken += piece.length;
    parser.write(piece);
    if (sinceLastToken > longestToken) throw new FileProblem('file_too_large', 'The workbook holds a text that is larger than 1 MiB.');
    yield;
  }
  parser.write(decode());
  parser.close();
  yield;
}

/** For a part of which only what the handlers collect is wanted. */
export async function readXml(blocks: AsyncIterable<Buffer>, handlers: XmlHandlers): Promise<void> {
  for await (const _ of parseXml(blocks, handlers));
}

export function damaged(): FileProblem {
  return new FileProblem('file_unreadable', 'The workbook is damaged. Save it anew, or save it as csv.');
}

function withoutPrefix(name: string): string {
  const colon = name.indexOf(':');
  return colon === -1 ? name : name.slice(colon + 1);
}
