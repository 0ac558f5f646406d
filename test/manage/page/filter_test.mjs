// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';

const { parseFilter } = await import(pathToFileURL(join(process.env.PAGE_OUT, 'filter.js')).href);
const row = { method: 'POST', host: 'api.x.test', path: '/v1/a b', secret: 'KEY', caller: 'ci',
  reason: 'rate_limited', decision: 'refused' };
const says = (filter) => parseFilter(filter).test(row);

test('each term looks in its own field, a bare word in all', () => {
  for (const yes of ['', '  ', '~m post', '~d API.x', '~p "a b"', '~s key', '~c ci', '~r rate', '~k refused', 'limited'])
    assert.equal(says(yes), true, yes);
  for (const no of ['~m api', '~d post', '~p KEY', 'absent', '~d api.*']) assert.equal(says(no), false, no);
});

test('and binds closer than or, and not closest', () => {
  assert.equal(says('~m GET & ~d no | ~s key'), true);
  assert.equal(says('~m GET & (~d no | ~s key)'), false);
  assert.equal(says('!~m GET ~d api'), true);
  assert.equal(says('!(~m POST & ~d api)'), false);
  assert.equal(says('!!~m POST'), true);
});

test('what is wrong is said with its place', () => {
  for (const [filter, at] of [['~q x', 0], ['~m', 2], ['a &', 3], ['a | | b', 4], ['(a', 0], ['a)', 1], ['~p "x', 3]])
    assert.equal(parseFilter(filter).at, at, filter);
  assert.match(parseFilter('!'.repeat(40) + 'a').error, /deeper/);
  assert.match(parseFilter('a'.repeat(1001)).error, /at most/);
});
