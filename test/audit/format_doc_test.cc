// SPDX-License-Identifier: Apache-2.0
//
// docs/audit-format.md against the code: its worked example is recomputed, and its lists are
// complete.
#include <catch2/catch.hpp>

#include "audit/line.h"
#include "test/audit/support.h"
#include "test/support/data.h"

namespace keyswap::audit {

namespace {

using test::decision_of;
using test::read_file;
using test::split_lines;
using test::TempFolder;
using test::TestKey;

std::string read_document() {
  return read_file(keyswap::test::tree_path("docs/audit-format.md"));
}

// The fenced blocks of the worked example, in order, without their last newline.
std::vector<std::string> read_example() {
  std::string text = read_document();
  text = text.substr(text.find("## A worked example"));
  std::vector<std::string> blocks;
  std::optional<std::string> block;
  for (const std::string& line : split_lines(text)) {
    if (!line.starts_with("```")) {
      if (block) {
        *block += line;
      }
    } else if (block) {
      block->pop_back();
      blocks.push_back(*block);
      block.reset();
    } else {
      block = "";
    }
  }
  REQUIRE(blocks.size() == 7);
  return blocks;
}

std::string hex_of(const Hash& hash) {
  std::string hex;
  append_hex(hash.data(), hash.size(), hex);
  return hex;
}

}  // namespace

TEST_CASE("the documented example is what the code writes, byte by byte", "[I7]") {
  const std::vector<std::string> example = read_example();
  const TestKey key;
  const std::vector<std::string> lines = split_lines(example[1] + "\n");
  REQUIRE(lines.size() == 4);

  // Record 2 from its fields, so that the encoding is compared too.
  DecisionRecord record = decision_of("01JDB4Q9X3M8T2");
  record.client.caller = "";
  std::string line;
  Hash prev{};
  REQUIRE(parse_hex(example[3], prev.data(), prev.size()));
  const Hash hash = append_line(2, prev, test::body_of(record), line);
  CHECK(line == lines[1]);
  CHECK(hex_of(hash) == example[5]);
  CHECK(example[4] == line.substr(0, line.find(",\"hash\":")) + "}");

  ChainCheck chain(0, kGenesis);
  for (const std::string& each : lines) {
    ParsedLine parsed;
    REQUIRE_FALSE(chain.take(std::string_view(each).substr(0, each.size() - 1), parsed));
  }
  const auto checkpoint = parse_checkpoint_line(example[2]);
  REQUIRE(checkpoint);
  CHECK(checkpoint->seq == chain.seq());
  CHECK(checkpoint->hash == chain.hash());
  CHECK(checkpoint_message(checkpoint->seq, checkpoint->hash, checkpoint->ts_us) == example[6]);
  CHECK(key.checkpoint(checkpoint->seq, checkpoint->hash, checkpoint->ts_us) == example[2] + "\n");

  const std::string document = read_document();
  CHECK(document.find("these " + std::to_string(example[4].size()) + " bytes of ASCII") !=
        std::string::npos);
  CHECK(document.find("these " + std::to_string(example[6].size()) + " bytes of ASCII") !=
        std::string::npos);
}

TEST_CASE("the documented example is an intact log", "[I7]") {
  const std::vector<std::string> example = read_example();
  const TempFolder folder;
  test::write_file(folder.file("audit.pub"), example[0] + "\n");
  test::write_file(folder.file("audit-000001.jsonl"), example[1] + "\n");
  test::write_file(folder.file("checkpoints.jsonl"), example[2] + "\n");
  const Verdict verdict = test::verdict_of(folder);
  CHECK(verdict.is_intact);
  CHECK(verdict.records == 4);
  CHECK(verdict.checkpoints == 1);
  CHECK(verdict.unfinished == 0);
}

TEST_CASE("every reason, decision and outcome is in the document") {
  const std::string document = read_document();
  const auto is_there = [&](std::string_view word) {
    return document.find("`" + std::string(word) + "`") != std::string::npos;
  };
  for (int reason = 0; reason <= static_cast<int>(Reason::too_many_held); ++reason) {
    CHECK(is_there(to_string(static_cast<Reason>(reason))));
  }
  for (int decision = 0; decision <= static_cast<int>(Decision::refused); ++decision) {
    CHECK(is_there(to_string(static_cast<Decision>(decision))));
  }
  for (int outcome = 0; outcome <= static_cast<int>(Outcome::not_sent); ++outcome) {
    CHECK(is_there(to_string(static_cast<Outcome>(outcome))));
  }
  for (int why = 0; why <= static_cast<int>(VaultFault::not_approved); ++why) {
    CHECK(is_there(to_string(static_cast<VaultFault>(why))));
  }
}

TEST_CASE("every cause of a failure is in the operator's document") {
  const std::string document = read_file(keyswap::test::tree_path("docs/operations.md"));
  for (int cause = 1; cause <= static_cast<int>(base::Cause::minting_failed); ++cause) {
    const std::string word(base::to_string(static_cast<base::Cause>(cause)));
    INFO(word);
    CHECK(document.find("`" + word + "`") != std::string::npos);
  }
}

}  // namespace keyswap::audit
