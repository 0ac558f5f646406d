// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/request_watch.h"

#include <filesystem>
#include <fstream>
#include <stdlib.h>

#include <catch2/catch.hpp>

namespace keyswap::cli {

namespace {

namespace fs = std::filesystem;

void append(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::app) << text;
}

}  // namespace

TEST_CASE("what came while a command ran is what the log has since") {
  std::string folder = "/tmp/keyswap-watch-XXXXXX";
  REQUIRE(mkdtemp(folder.data()) != nullptr);
  const std::string first = folder + "/audit-000001.jsonl";
  const std::string second = folder + "/audit-000002.jsonl";
  append(first,
         R"({"type":"inject_decision"})"
         "\n");
  const RequestWatch watch(folder);
  CHECK(watch.has_seen_any() == false);
  append(first,
         R"({"type":"start"})"
         "\n"
         R"({"type":"reload"})"
         "\n");
  CHECK(watch.has_seen_any() == false);
  append(second,
         std::string(65'530, ' ') + R"({"type":"tunnel"})"
                                    "\n");  // over a border
  CHECK(watch.has_seen_any() == true);
  CHECK(RequestWatch(folder).has_seen_any() == false);
  fs::remove_all(folder);
  CHECK(watch.has_seen_any() == std::nullopt);
}

TEST_CASE("a log that begins with the command counts from its beginning") {
  std::string folder = "/tmp/keyswap-watch-XXXXXX";
  REQUIRE(mkdtemp(folder.data()) != nullptr);
  const RequestWatch watch(folder);
  append(folder + "/audit-000001.jsonl",
         R"({"type":"client_tls_failed"})"
         "\n");
  CHECK(watch.has_seen_any() == true);
  fs::remove_all(folder);
}

TEST_CASE("the kernel's count of opened connections is found by its name") {
  CHECK(active_opens("Ip: A B\nIp: 1 2\nTcp: RtoMin ActiveOpens X\nTcp: 200 42 7\n") == 42);
  CHECK_FALSE(active_opens("Tcp: RtoMin X\nTcp: 200 7\n"));
  CHECK_FALSE(active_opens("Tcp: A ActiveOpens\nTcp: 1\n"));
  CHECK_FALSE(active_opens("Udp: A\nUdp: 1\n"));
  CHECK_FALSE(active_opens(""));
}

}  // namespace keyswap::cli
