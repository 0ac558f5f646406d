// SPDX-License-Identifier: Apache-2.0
#include "vault/note_mark.h"

#include <string>
#include <utility>

#include <catch2/catch.hpp>

namespace keyswap::vault {

TEST_CASE("K01 a note without the mark is somebody's own text") {
  for (const auto* const text : {"",
                                 " \n\t\r\n",
                                 "the key of the staging account",
                                 "see https://example.com/keys",
                                 "-bad-.example",
                                 "api..example",
                                 "localhost",
                                 "hostile: no",
                                 "note\n# avp-binding\napi.example.com",
                                 "# avp-bindings\nx",
                                 "#avp-binding"}) {
    INFO(text);
    CHECK(look_of_note(text) == NoteLook::plain);
    CHECK(body_of_note(text).empty());
  }
}

TEST_CASE("K02 a host without the mark looks like a binding that lacks it") {
  for (const auto* const text : {"api.example.com",
                                 "  api.example.com\n",
                                 "*.example.com",
                                 "10.0.0.1",
                                 "host: api.example.com",
                                 "for the team\n  hosts : [a.example, b.example]",
                                 "\r\nhost:api.example.com"}) {
    INFO(text);
    CHECK(look_of_note(text) == NoteLook::host_shaped);
  }
}

TEST_CASE("the mark is the first line that is not blank, in either of its names and line ends") {
  for (const auto* const text : {"# avp-binding\napi.example.com",
                                 "\n \n  # avp-binding \napi.example.com",
                                 "# kow-binding\r\napi.example.com",
                                 "# avp-binding\rapi.example.com"}) {
    INFO(text);
    CHECK(look_of_note(text) == NoteLook::marked);
    CHECK(body_of_note(text).ends_with("api.example.com"));
    CHECK(body_of_note(text).find('#') == std::string_view::npos);
  }
  CHECK(look_of_note("# avp-binding") == NoteLook::marked);
  CHECK(body_of_note("# avp-binding").empty());
  CHECK(look_of_note("# avp-binding\n\n") == NoteLook::marked);
}

TEST_CASE("of a note that is somebody's own text nothing is kept", "[I1]") {
  REQUIRE(lock_memory());
  const auto kept = [](std::string_view note) {
    auto text = Secret::copy_of(note);
    REQUIRE(text);
    const auto own = kept_note(std::move(*text));
    REQUIRE(own);
    return std::string(own->reveal());
  };
  CHECK(kept("").empty());
  CHECK(kept("the password is hunter2").empty());
  CHECK(kept("hunter2\nhost: api.example.com") == "host:");
  CHECK(kept("# avp-binding\napi.example.com") == "# avp-binding\napi.example.com");
  const std::string longest = "# avp-binding\n" + std::string(kNoteKeptBytesMax - 14, 'a');
  CHECK(kept(longest) == longest);
  CHECK(kept(longest + "a") == "# avp-binding");
}

}  // namespace keyswap::vault
