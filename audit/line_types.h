// SPDX-License-Identifier: Apache-2.0
//
// What stands in a record's line between `"type":".."` and `,"prev":`, by type, as record.cc writes
// it: the keys in their order, and of each what its value is. Private to audit.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "audit/line.h"

namespace keyswap::audit {

// Of a text, the bound of its encoded length is part of the format.
enum class LineValue : std::uint8_t {
  word,
  word_or_null,
  name,
  name_or_null,
  given_name,  // left out where it is empty
  path,        // without a query
  facts,
  request_id,  // a word that is kept
  decision,
  reason,
  outcome,
  cause,
  alert_by,
  approval_event,
  fetch_event,  // one of those of the record's type
  vault_fault,
  clock_event,
  number,
  amount,          // a number that is kept as a signed one, and is not below 0
  first_unsigned,  // a number that is kept
  several,         // 2 or more; left out below that
  signed_number,   // as a text
  shift,           // likewise; left out where it is 0
  user,            // as the kernel numbers them
  process,
  port,
  status,
  milliseconds,
  boolean,
  truth,     // left out where it is false
  scrubbed,  // objects of the list that the key began, to its end
  nothing,   // only the key, which then closes an object
};

// with_previous: exactly if the field before it is there.
enum class Presence : std::uint8_t { always, optional, with_previous };

struct LineField {
  std::string_view key;  // with all punctuation before the value
  LineValue value;
  Presence presence = Presence::always;
};

struct LineType {
  std::string_view name;
  RecordType type;
  std::span<const LineField> fields;
};

// Null: there is no such type.
const LineType* find_type(std::string_view name);

}  // namespace keyswap::audit
