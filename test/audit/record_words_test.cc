// SPDX-License-Identifier: Apache-2.0
//
// The closed words of records (audit/record_words.cc).
#include <set>
#include <string>

#include <catch2/catch.hpp>

#include "audit/record.h"

namespace keyswap::audit {

namespace {

// Each value has a word of its own, by which it is found again; and what is none finds nothing.
template <typename Enum, typename Parse>
void check_words(Enum last, Parse parse) {
  std::set<std::string> words;
  for (int value = 0; value <= static_cast<int>(last); ++value) {
    const std::string word(to_string(static_cast<Enum>(value)));
    INFO(word);
    CHECK(parse(word) == static_cast<Enum>(value));
    CHECK(words.insert(word).second);
    CHECK_FALSE(parse(word + "x"));
    CHECK_FALSE(parse(word.substr(1)));
  }
  CHECK_FALSE(parse(""));
}

}  // namespace

TEST_CASE("each word of a record is read back as what it was written for, and no other is") {
  check_words(Decision::refused, parse_decision);
  check_words(Reason::too_many_held, parse_reason);
  check_words(Outcome::not_sent, parse_outcome);
  check_words(AlertBy::nobody, parse_alert_by);
  check_words(ApprovalEvent::refused, parse_approval_event);
  check_words(FetchEvent::note, parse_fetch_event);
  check_words(VaultFault::not_approved, parse_vault_fault);
  check_words(ClockEvent::agrees, parse_clock_event);
}

}  // namespace keyswap::audit
