// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/audit_csv.h"

#include <algorithm>

#include <catch2/catch.hpp>

namespace keyswap::cli {

TEST_CASE("a cell that a spreadsheet would compute gets an apostrophe") {
  CHECK(csv_cell("=1+2") == "'=1+2");
  CHECK(csv_cell("+1") == "'+1");
  CHECK(csv_cell("-1") == "'-1");
  CHECK(csv_cell("@SUM(A1)") == "'@SUM(A1)");
  CHECK(csv_cell("\t=1") == "'\t=1");
  CHECK(csv_cell("\n=1") == "\"'\n=1\"");
  CHECK(csv_cell("  =1") == "'  =1");
  CHECK(csv_cell("  1") == "  1");
  CHECK(csv_cell(" ") == " ");
  for (const std::string wide : {"＝", "＋", "－", "＠"}) {
    CHECK(csv_cell(wide + "1") == "'" + wide + "1");
  }
  CHECK(csv_cell("\r=1") == "\"'\r=1\"");
  CHECK(csv_cell("=HYPERLINK(\"x\",\"y\")") == "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\"");
}

TEST_CASE("a cell is quoted as RFC 4180 says, and only where it has to be") {
  CHECK(csv_cell("").empty());
  CHECK(csv_cell("/v1/a=b") == "/v1/a=b");
  CHECK(csv_cell("a,b") == "\"a,b\"");
  CHECK(csv_cell("say \"x\"") == "\"say \"\"x\"\"\"");
  CHECK(csv_cell("a\r\nb") == "\"a\r\nb\"");
}

TEST_CASE("a record is a row with as many cells as the heading, whatever a client sent") {
  const std::string row =
      csv_row(R"({"v":1,"seq":7,"ts":"2026-11-22T02:25:09.123456Z","type":"inject_decision",)"
              R"("request_id":"r1","decision":"allowed","reason":"binding_matched","secret":"KEY",)"
              R"("scheme":"header","client":{"addr":"127.0.0.1:5","uid":7,"caller":"=agent"},)"
              R"("destination":{"host":"api.example.com","port":443,"method":"GET",)"
              R"("path":"/\u001b\u000d\u000a"},"prev":"00","hash":"11"})");
  CHECK(row ==
        "7,2026-11-22T02:25:09.123456Z,inject_decision,r1,allowed,binding_matched,KEY,header,"
        "127.0.0.1:5,7,'=agent,api.example.com,443,GET,/\\x1b\\x0d\\x0a,,,,,,,,,,11\r\n");
  CHECK(std::ranges::count(row, ',') == std::ranges::count(csv_heading(), ','));
  CHECK(csv_row(R"({"seq":8,"type":"client_tls_failed","host":"a.example","count":3})") ==
        "8,,client_tls_failed,,,,,,,,,a.example,,,,3,,,,,,,,,\r\n");
  CHECK(csv_row("not json") == csv_row("{}"));
  CHECK(csv_heading().starts_with("seq,ts,type,"));
  CHECK(csv_heading().ends_with(",hash\r\n"));
}

}  // namespace keyswap::cli
