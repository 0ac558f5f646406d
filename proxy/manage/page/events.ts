// SPDX-License-Identifier: Apache-2.0
//
// Server-sent events, read from a stream by hand: EventSource can send no Authorization, and a token has no place in
// a query. Pure.

export interface ServerEvent { name: string; data: string }

// Takes text as it comes, in whatever pieces; gives the events that are whole.
export class EventParser {
  private rest = '';
  private name = '';
  private data: string[] = [];

  take(text: string): ServerEvent[] {
    const events: ServerEvent[] = [];
    this.rest += text;
    for (let end = this.rest.indexOf('\n'); end >= 0; end = this.rest.indexOf('\n')) {
      this.line(this.rest.slice(0, end).replace(/\r$/, ''), events);
      this.rest = this.rest.slice(end + 1);
    }
    return events;
  }

  private line(line: string, events: ServerEvent[]): void {
    if (line === '') {
      if (this.data.length > 0) events.push({ name: this.name === '' ? 'message' : this.name, data: this.data.join('\n') });
      this.name = '';
      this.data = [];
      return;
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.name = value;
    if (field === 'data') this.data.push(value);
  }
}
