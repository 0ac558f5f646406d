// SPDX-License-Identifier: Apache-2.0
//
// Keys of version 4A. The suite's is published (aws-c-auth); the throw-away pair's was computed
// with Python's hmac.
#include "bindings/signatures/sigv4a.h"

#include <array>
#include <string>

#include <catch2/catch.hpp>

#include "proxy/base/bytes.h"
#include "test/bindings/signatures/aws_vectors.h"

namespace keyswap::bindings::sigv4 {

namespace {

std::string number_of(const std::string& key_id, const std::string& secret) {
  REQUIRE(vault::lock_memory());
  const auto number = derive_number(key_id, secret);
  REQUIRE(number);
  return base::to_hex(number->reveal());
}

// One more than these bytes; "" if that is no key.
std::string made_of(const std::string& hex) {
  std::array<char, 32> bytes{};
  REQUIRE(base::decode_hex(hex, bytes));
  return make_number(bytes) ? base::to_hex({bytes.data(), bytes.size()}) : "";
}

}  // namespace

TEST_CASE("the suite's private key of version 4A, which a pair alone gives") {
  CHECK(number_of("AKIDEXAMPLE", test::kSuiteSecret) ==
        "7efc8c0e65a324242818c5a50c891c6060b6a00717b7ba3cbe3c5d765be9259c");
  CHECK(number_of("AKIAPLACEHOLDER22222", test::kFakeSecret) ==
        "28b4926d6b923a74c2bdcfdbe1d1e01bcfeb59e7d04c3a77d9d53f676005eb0d");
  CHECK(number_of("AKIDEXAMPLF", test::kSuiteSecret) !=
        number_of("AKIDEXAMPLE", test::kSuiteSecret));
}

TEST_CASE("a number is one more than what was made, and below the order of the curve") {
  const std::string zeros(64, '0');
  const std::string most = zeros.substr(8);
  CHECK(made_of(zeros) == most + "00000001");
  CHECK(made_of(most + "00ffffff") == most + "01000000");
  CHECK(made_of("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc63254e") ==
        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc63254f");
  // The order less two: the last one that is good.
  CHECK(made_of("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc63254f") ==
        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550");
  CHECK(made_of("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550").empty());
  CHECK(made_of("ffffffff00000001" + zeros.substr(16)).empty());
  CHECK(made_of(std::string(64, 'f')).empty());
}

TEST_CASE("the key that is made of the number signs, and is on P-256") {
  REQUIRE(vault::lock_memory());
  const auto key = derive_key("AKIDEXAMPLE", test::kSuiteSecret);
  REQUIRE(key);
  CHECK(key->kind() == PrivateKey::Kind::ec);
  CHECK(key->sign_es256("text"));
}

}  // namespace keyswap::bindings::sigv4
