// SPDX-License-Identifier: Apache-2.0
//
// The page's pure parts: what is shown of a record, how events are read, how times are said.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';

const part = (name) => import(pathToFileURL(join(process.env.PAGE_OUT, `${name}.js`)).href);
const { EventParser } = await part('events');
const { explainCommand, facts, isDecision, shellWord, toRow } = await part('record');
const { ago, day } = await part('time');
const { visible } = await part('dom');

const entry = { v: 1, seq: 7, ts: '2026-12-03T02:25:09.123456Z', type: 'inject_decision', request_id: 'r-1', decision: 'refused',
  reason: 'rate_limited', secret: null, scheme: null, client: { addr: '127.0.0.1:5', uid: 0, caller: 'ci' },
  destination: { host: 'api.x.test', port: 8443, method: 'POST', path: "/v1/it's" } };

test('events are read whole, whatever the pieces', () => {
  const text = ':\n\nretry: 2000\nevent: begin\ndata: {"seq":3}\n\nid: 4\r\ndata: a\r\ndata:  b\r\n\r\nevent: x\n\n';
  const wanted = [{ name: 'begin', data: '{"seq":3}' }, { name: 'message', data: 'a\n b' }];
  assert.deepEqual(new EventParser().take(text), wanted);
  for (let size = 1; size < text.length; size++) {
    const parser = new EventParser();
    const events = [];
    for (let at = 0; at < text.length; at += size) events.push(...parser.take(text.slice(at, at + size)));
    assert.deepEqual(events, wanted, `pieces of ${size}`);
  }
});

test('a record becomes a row, and nothing that it does not have', () => {
  const row = toRow(entry);
  assert.equal(row.time, '02:25:09');
  assert.equal(row.where, "api.x.test:8443/v1/it's");
  assert.equal(row.secret, '');
  assert.equal(row.caller, 'ci');
  assert.equal(explainCommand(row), `keyswap bindings explain POST 'https://api.x.test:8443/v1/it'\\''s'`);
  const tunnel = toRow({ ...entry, type: 'tunnel' });
  assert.equal(tunnel.method, 'CONNECT');
  assert.equal(explainCommand(tunnel), '');
  assert.equal(isDecision(entry), true);
  assert.equal(isDecision({ ...entry, type: 'start' }), false);
  const told = facts(entry);
  assert.deepEqual(told.find(([name]) => name === 'client.uid'), ['client.uid', '0']);
  assert.equal(told.some(([name]) => name === 'secret'), false);
});

test('a word of a path cannot leave its quotes', () => {
  assert.equal(shellWord('plain-/x.y'), 'plain-/x.y');
  assert.equal(shellWord('$(id)'), "'$(id)'");
  assert.equal(shellWord("a'; id #"), "'a'\\''; id #'");
  assert.equal(shellWord(''), "''");
});

test('what misleads an eye is shown as its number', () => {
  assert.equal(visible('a\u202eb\u0007\u200b\ufeff'), 'a\\u202eb\\u0007\\u200b\\ufeff');
  assert.equal(visible('Grüße 日本 <b>'), 'Grüße 日本 <b>');
});

test('times are said as people do', () => {
  assert.equal(day(0), '1970-01-01 00:00 UTC');
  for (const [passed, text] of [[-5, 'just now'], [59, 'just now'], [60, '1 minute ago'], [7200, '2 hours ago'], [86_400, '1 day ago']])
    assert.equal(ago(1000, 1000 + passed), text);
});
