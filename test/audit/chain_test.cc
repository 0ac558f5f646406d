// SPDX-License-Identifier: Apache-2.0
#include "audit/chain.h"

#include <catch2/catch.hpp>

#include "audit/line.h"
#include "test/audit/support.h"

namespace keyswap::audit {

namespace {

// Computed with Python's hashlib and with an Ed25519 of another make, not with this code.
constexpr std::string_view kText =
    R"({"v":1,"seq":1,"ts":"1970-01-01T00:00:00.000001Z","type":"stop","prev":")"
    "0000000000000000000000000000000000000000000000000000000000000000\"";
constexpr std::string_view kHash =
    "e30127eb3c5fe4095a47c64c92f1cd2cff05440291ee274d68362fd1e6ba0ebe";
constexpr std::string_view kSignature =
    "d83c9ebbcd331e56a63b2ef6a6c3b01739c3d6e792ebc5f6d80c778deb6f36e5"
    "6c22311eb943bb4fa0abc2908c9795eb300e142dc45c1db9481385d145829908";

std::string hex_of(const Hash& hash) {
  std::string hex;
  append_hex(hash.data(), hash.size(), hex);
  return hex;
}

Checkpoint known_checkpoint() {
  Checkpoint checkpoint;
  checkpoint.seq = 1;
  checkpoint.ts_us = 2;
  REQUIRE(parse_hex(kHash, checkpoint.hash.data(), checkpoint.hash.size()));
  REQUIRE(parse_hex(kSignature, checkpoint.signature.data(), checkpoint.signature.size()));
  return checkpoint;
}

}  // namespace

TEST_CASE("a line carries the hash of the hash before it and of itself", "[I7]") {
  std::string out = "before\n";
  const Hash hash = append_line(1, kGenesis, test::body_of(StopRecord{1}), out);
  CHECK(hex_of(hash) == kHash);
  CHECK(out == "before\n" + std::string(kText) + ",\"hash\":\"" + std::string(kHash) + "\"}\n");
  CHECK(hash_line(kGenesis, kText) == hash);
}

TEST_CASE("a hash depends on the hash before it, on the number and on the body", "[I7]") {
  std::string out;
  const Hash hash = append_line(1, kGenesis, test::body_of(StopRecord{1}), out);
  Hash other = kGenesis;
  other[31] = 1;
  CHECK(append_line(1, other, test::body_of(StopRecord{1}), out) != hash);
  CHECK(append_line(2, kGenesis, test::body_of(StopRecord{1}), out) != hash);
  CHECK(append_line(1, kGenesis, test::body_of(StopRecord{2}), out) != hash);
  CHECK(append_line(1, kGenesis, test::body_of(StopRecord{1}), out) == hash);
}

TEST_CASE("a checkpoint signed elsewhere verifies, and any change to it does not", "[I7]") {
  const test::TestKey key;
  const Checkpoint good = known_checkpoint();
  CHECK(checkpoint_message(good.seq, good.hash, good.ts_us) ==
        "keyswap-audit-checkpoint\n{\"v\":1,\"seq\":1,\"hash\":\"" + std::string(kHash) +
            "\",\"ts\":\"1970-01-01T00:00:00.000002Z\"}");
  REQUIRE(verify_checkpoint(good, key.public_key()));
  CHECK_FALSE(verify_checkpoint(good, test::TestKey(7).public_key()));
  Checkpoint changed = good;
  changed.seq = 2;
  CHECK_FALSE(verify_checkpoint(changed, key.public_key()));
  changed = good;
  changed.hash[0] ^= 1U;
  CHECK_FALSE(verify_checkpoint(changed, key.public_key()));
  changed = good;
  changed.ts_us = 3;
  CHECK_FALSE(verify_checkpoint(changed, key.public_key()));
  changed = good;
  changed.signature[63] ^= 1U;
  CHECK_FALSE(verify_checkpoint(changed, key.public_key()));
}

TEST_CASE("a checkpoint's line reads back, and no other spelling of it does") {
  const Checkpoint good = known_checkpoint();
  const std::string line = checkpoint_line(good);
  const std::optional<Checkpoint> again = parse_checkpoint_line(line);
  REQUIRE(again);
  CHECK(again->seq == good.seq);
  CHECK(again->hash == good.hash);
  CHECK(again->ts_us == good.ts_us);
  CHECK(again->signature == good.signature);

  for (std::size_t cut = 0; cut < line.size(); ++cut) {
    REQUIRE_FALSE(parse_checkpoint_line(line.substr(0, cut)));
    std::string longer = line;
    longer.insert(cut, 1, 'x');
    REQUIRE_FALSE(parse_checkpoint_line(longer));
  }
  CHECK_FALSE(parse_checkpoint_line(line + " "));
  CHECK_FALSE(parse_checkpoint_line(R"({"v":1,"seq":01)" + line.substr(14)));
  CHECK_FALSE(parse_checkpoint_line(R"({"v":1,"seq":-1)" + line.substr(14)));
  CHECK_FALSE(parse_checkpoint_line(R"({"v":1,"seq":99999999999999999999)" + line.substr(14)));
  CHECK_FALSE(parse_checkpoint_line(R"({"v":2,"seq":1)" + line.substr(14)));
}

TEST_CASE("hex is read in one spelling and one length") {
  std::array<std::uint8_t, 2> bytes{};
  CHECK(parse_hex("00ff", bytes.data(), bytes.size()));
  CHECK(bytes == std::array<std::uint8_t, 2>{0x00, 0xff});
  const std::string bad = GENERATE("", "00f", "00ff0", "00fF", "00fg", "0x0f", "00f ");
  CHECK_FALSE(parse_hex(bad, bytes.data(), bytes.size()));
}

}  // namespace keyswap::audit
