// SPDX-License-Identifier: Apache-2.0
//
// The live list's filter: `~m POST & ~d api.x`. Terms are ~m method, ~d host, ~p path, ~s secret, ~c caller,
// ~r reason and ~k decision; a bare word looks in all of them. `!` is not, `&` (or nothing) and, `|` or, and `( )`
// group. Every term is a part of the text, whatever the case: never a pattern, so no filter can stop the page.

export interface Row {
  method: string; host: string; path: string; secret: string; caller: string; reason: string; decision: string;
}
export type Test = (row: Row) => boolean;
export type Parsed = { test: Test } | { error: string; at: number };

const fields = new Map<string, keyof Row>([
  ['m', 'method'], ['d', 'host'], ['p', 'path'], ['s', 'secret'], ['c', 'caller'], ['r', 'reason'], ['k', 'decision'],
]);
const textMax = 1000;
const depthMax = 32;

class Wrong extends Error {
  constructor(text: string, readonly at: number) { super(text); }
}

export function parseFilter(text: string): Parsed {
  try {
    return { test: new Parser(text).whole() };
  } catch (wrong) {
    if (wrong instanceof Wrong) return { error: wrong.message, at: wrong.at };
    throw wrong;
  }
}

class Parser {
  private at = 0;
  private depth = 0;
  constructor(private readonly text: string) {
    if (text.length > textMax) throw new Wrong(`a filter has at most ${textMax} characters`, textMax);
  }

  whole(): Test {
    if (this.next() === '') return () => true;
    const test = this.either();
    if (this.next() !== '') throw new Wrong('no ( stands before this )', this.at);
    return test;
  }

  private either(): Test {
    const tests = [this.all()];
    while (this.next() === '|') { this.at++; tests.push(this.all()); }
    return (row) => tests.some((test) => test(row));
  }

  private all(): Test {
    const tests = [this.one()];
    for (;;) {
      const c = this.next();
      if (c === '&') this.at++;
      else if (c === '' || c === '|' || c === ')') return (row) => tests.every((test) => test(row));
      tests.push(this.one());
    }
  }

  private one(): Test {
    if (++this.depth > depthMax) throw new Wrong(`nested deeper than ${depthMax}`, this.at);
    const test = this.unit();
    this.depth--;
    return test;
  }

  private unit(): Test {
    const c = this.next();
    const start = this.at;
    if (c === '!') {
      this.at++;
      const test = this.one();
      return (row) => !test(row);
    }
    if (c === '(') {
      this.at++;
      const test = this.either();
      if (this.next() !== ')') throw new Wrong('this ( is not closed', start);
      this.at++;
      return test;
    }
    if (c !== '~') {
      const word = this.word();
      return (row) => [...fields.values()].some((field) => row[field].toLowerCase().includes(word));
    }
    this.at++;
    const name = this.text.charAt(this.at++);
    const field = fields.get(name);
    if (field === undefined) throw new Wrong(`~${name} is no term: ~${[...fields.keys()].join(' ~')}`, start);
    const word = this.word();
    return (row) => row[field].toLowerCase().includes(word);
  }

  private word(): string {
    const c = this.next();
    if (c === '"') {
      const end = this.text.indexOf('"', this.at + 1);
      if (end < 0) throw new Wrong('this " is not closed', this.at);
      const quoted = this.text.slice(this.at + 1, end);
      this.at = end + 1;
      return quoted.toLowerCase();
    }
    const start = this.at;
    while (this.at < this.text.length && !/[\s&|()]/.test(this.text.charAt(this.at))) this.at++;
    if (this.at === start) throw new Wrong('a word is missing here', start);
    return this.text.slice(start, this.at).toLowerCase();
  }

  private next(): string {
    while (/\s/.test(this.text.charAt(this.at))) this.at++;
    return this.text.charAt(this.at);
  }
}
