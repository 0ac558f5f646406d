// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/source_value.h"

#include "test/vault/sources/fake_backend.h"

namespace keyswap::vault {

namespace {

using base::Errc;
using sample::locked_copy_of;

}  // namespace

TEST_CASE("a value that needs no change is not copied", "[I1]") {
  const Secret given = locked_copy_of("value");
  const auto value = usable_value(given, EntryKind::text);
  REQUIRE(value);
  CHECK(value->reveal().data() == given.reveal().data());
}

TEST_CASE("the longest value may have a line end behind it") {
  const std::string longest(base::bounds::kSecretBytesMax, 'a');
  CHECK(usable_value(locked_copy_of(longest + "\r\n"), EntryKind::text));
  CHECK(usable_value(locked_copy_of(longest + "aa"), EntryKind::text).error().code ==
        Errc::corrupt);
  CHECK(usable_value(locked_copy_of(longest + "aaa"), EntryKind::text).error().code ==
        Errc::corrupt);
}

TEST_CASE("a text is no private key, and a line end alone is no value") {
  CHECK(usable_value(locked_copy_of("value"), EntryKind::private_key).error().code ==
        Errc::corrupt);
  CHECK(usable_value(locked_copy_of("\n"), EntryKind::text).error().code == Errc::corrupt);
}

}  // namespace keyswap::vault
