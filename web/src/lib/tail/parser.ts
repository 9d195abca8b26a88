/** One message of an event stream. */
export interface Message {
  event: string;
  data: string;
  /** The identifier in force, to resume after. */
  id: string;
}

/**
 * Reads `text/event-stream` piece by piece, as the HTML standard (section 9.2.6) has it: pieces may end anywhere, lines end in CR, LF or
 * both, comments and unknown fields are skipped, an identifier stays in force until the next one.
 */
export class StreamParser {
  #rest = '';
  #isFirst = true;
  #data: string[] = [];
  #event = '';
  #id = '';

  /** The messages that a piece completes. */
  read(piece: string): Message[] {
    let text = this.#rest + piece;
    if (this.#isFirst && text !== '') {
      text = text.replace(/^\uFEFF/, '');
      this.#isFirst = false;
    }
    const messages: Message[] = [];
    let start = 0;
    for (let index = 0; index < text.length; index += 1) {
      const char = text[index];
      if (char !== '\n' && char !== '\r') continue;
      // A CR at the end may be half of a CRLF whose other half has not come yet.
      if (char === '\r' && index === text.length - 1) break;
      const message = this.#line(text.slice(start, index));
      if (message) messages.push(message);
      if (char === '\r' && text[index + 1] === '\n') index += 1;
      start = index + 1;
    }
    this.#rest = text.slice(start);
    return messages;
  }

  #line(line: string): Message | undefined {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') this.#data.push(value);
    else if (field === 'event') this.#event = value;
    else if (field === 'id' && !value.includes('\0')) this.#id = value;
    return undefined;
  }

  #dispatch(): Message | undefined {
    const message = { event: this.#event || 'message', data: this.#data.join('\n'), id: this.#id };
    const isEmpty = this.#data.length === 0;
    this.#data = [];
    this.#event = '';
    return isEmpty ? undefined : message;
  }
}
