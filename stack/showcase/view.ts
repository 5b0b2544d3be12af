/** What there is to see of the showcase; how it is shown is the command line's business. */

export interface Seen {
  readonly ok: boolean;
  /** What was done. */
  readonly did: string;
  readonly expected: string;
  readonly saw: string;
  readonly tookMs: number;
  /** The flow in the Web UI. */
  readonly url: string | undefined;
}

export interface View {
  scene(title: string): void;
  /** What is being done now; shown only where the line can be replaced by its outcome. */
  working(did: string): void;
  seen(line: Seen): void;
  note(text: string): void;
  /** All there was to see; the last line. */
  summary(result: Result): void;
  close(): void;
}

export interface Result {
  readonly ok: boolean;
  readonly endedAsTheyShould: number;
  /** Flows that did not, with what is known about why. */
  readonly others: readonly { readonly id: string; readonly why: string; readonly url: string | undefined }[];
  /** Holds that stay and end by themselves. */
  readonly left: number;
  readonly tookMs: number;
}
