// SPDX-License-Identifier: Apache-2.0
//
// What `serve` says when it is ready, to whom.
#include "proxy/cli/serve_talk.h"

#include <catch2/catch.hpp>

namespace keyswap::cli {

TEST_CASE("a program gets one line of JSON, and people how to use it") {
  const ReadyFacts ready{"127.0.0.1:8472", "/h/ca.pem", 42, " --home /h", ""};
  CHECK(ready_text(ready, Audience::program) ==
        R"({"event":"ready","proxy":"127.0.0.1:8472","ca":"/h/ca.pem","pid":42})"
        "\n");
  const std::string people = ready_text(ready, Audience::people);
  CHECK(people.starts_with("keyswap is ready on 127.0.0.1:8472\n"));
  CHECK(people.find("keyswap run --home /h -- COMMAND") != std::string::npos);
  CHECK(people.find("Ctrl-C") != std::string::npos);
  CHECK(people.find('{') == std::string::npos);
}

TEST_CASE("of one in the background people are told how to end it, and where it talks") {
  const std::string people =
      ready_text({"127.0.0.1:1", "/h/ca.pem", 42, "", "/h/serve.log"}, Audience::people);
  CHECK(people.find("kill 42\n") != std::string::npos);
  CHECK(people.find("/h/serve.log") != std::string::npos);
  CHECK(people.find("Ctrl-C") == std::string::npos);
}

}  // namespace keyswap::cli
