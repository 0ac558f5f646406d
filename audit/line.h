// SPDX-License-Identifier: Apache-2.0
//
// Reading records back (I7). parse_line() takes exactly what record.cc and chain.cc write and
// nothing else: fixed keys in their fixed order, one spelling for each value. ChainCheck judges
// line after line whether they are one chain. Both are pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "audit/chain.h"
#include "audit/record.h"

namespace keyswap::audit {

enum class RecordType : std::uint8_t {
  inject_decision,
  tunnel,
  upstream_response,
  client_tls_failed,
  honeytoken_triggered,
  real_secret_seen,
  upstream_clock,
  start,
  stop,
  reload,
  approval,
  restored,
  secret_fetched,
  token_exchange,
  token_rotation,
  source_flushed,
  managed,
  recovered,
  unsigned_found,
  loss_accepted,
  vault_locked,
  vault_readable,
};

// What the judge needs of a record; views into the line.
struct ParsedLine {
  std::uint64_t seq = 0;
  RecordType type = RecordType::start;
  std::string_view request_id;       // as encoded; "" where the type has none
  std::optional<Decision> decision;  // where the type has one
  std::optional<Outcome> outcome;    // likewise
  std::uint64_t first_unsigned = 0;  // of `unsigned_found`; else 0
  std::string_view hashed;           // the line before `,"hash":`
  Hash prev{};
  Hash hash{};
};

// The record of a line (without newline), or nothing if it is not in canonical form.
std::optional<ParsedLine> parse_line(std::string_view line);

class ChainCheck {
 public:
  // Goes on after record `seq` with that hash; 0 and kGenesis before the first.
  ChainCheck(std::uint64_t seq, const Hash& hash) : seq_(seq), hash_(hash) {}

  // Judges the next line and fills `parsed`; gives what is wrong with it, or nothing: then it is
  // part of the chain, and seq() and hash() are its own.
  std::optional<base::Note> take(std::string_view line, ParsedLine& parsed);

  [[nodiscard]] std::uint64_t seq() const { return seq_; }

  [[nodiscard]] const Hash& hash() const { return hash_; }

 private:
  std::uint64_t seq_;
  Hash hash_;
  Hasher hasher_;
};

}  // namespace keyswap::audit
