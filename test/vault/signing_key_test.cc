// SPDX-License-Identifier: Apache-2.0
#include "vault/signing_key.h"

#include "test/vault/sample.h"

namespace keyswap::vault {

namespace {

template <std::size_t n>
std::string hex_of(const std::array<std::uint8_t, n>& bytes) {
  return base::to_hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

struct Vector {
  std::string seed;
  std::string public_key;
  std::string message;
  std::string signature;
};

}  // namespace

TEST_CASE("Signatures are those of RFC 8032 section 7.1") {
  const auto vector = GENERATE(
      Vector{
          "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
          "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
          "",
          "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39"
          "701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
      Vector{
          "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
          "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
          "72",
          "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f36"
          "13d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
      Vector{
          "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
          "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
          "af82",
          "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f7"
          "60984dc6594a7c15e9716ed28dc027beceea1ec40a"});
  const Secret seed = sample::secret_of(*base::from_hex(vector.seed));
  const auto key = SigningKey::of(seed);
  REQUIRE(key);
  REQUIRE(hex_of(key->public_key()) == vector.public_key);
  REQUIRE(hex_of(key->sign(*base::from_hex(vector.message))) == vector.signature);
}

TEST_CASE("Seeds are 32 random bytes, and nothing else is taken for one") {
  REQUIRE(lock_memory());
  const auto one = make_signing_seed();
  const auto other = make_signing_seed();
  REQUIRE(one);
  REQUIRE(other);
  REQUIRE(one->size() == 32);
  REQUIRE(one->reveal() != other->reveal());
  const Secret shorter = sample::secret_of(std::string(31, 'x'));
  REQUIRE(SigningKey::of(shorter).error().code == base::Errc::invalid_input);
}

TEST_CASE("A key that was derived signs also when no locked memory is left", "[I13]") {
  const Secret seed = sample::secret_of(std::string(32, 's'));
  const auto key = SigningKey::of(seed);
  REQUIRE(key);
  const auto before = key->sign("message");
  std::vector<LockedBytes> all;
  for (std::size_t size = 64 * 1024; size > 0; size /= 2) {
    for (auto more = LockedBytes::of_size(size); more; more = LockedBytes::of_size(size)) {
      all.push_back(std::move(*more));
    }
  }
  REQUIRE_FALSE(SigningKey::of(seed));
  REQUIRE(key->sign("message") == before);
}

}  // namespace keyswap::vault
