// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/line_check.h"

#include <string>

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"

namespace keyswap::http {

namespace {

using Kind = LineVerdict::Kind;
namespace bounds = base::bounds;

LineCheck after_request_line() {
  LineCheck check(LineCheck::Section::request);
  REQUIRE(check.check_line("GET / HTTP/1.1\r\n").kind == Kind::more);
  return check;
}

}  // namespace

TEST_CASE("lines are counted until the empty one") {
  LineCheck check = after_request_line();
  CHECK(check.check_line("A: b\r\n").kind == Kind::more);
  CHECK(check.check_line("C:\r\n").kind == Kind::more);
  CHECK(check.check_line("\r\n").kind == Kind::complete);
  CHECK(check.field_count() == 2);
  CHECK(check.bytes() == 16 + 6 + 4 + 2);
}

TEST_CASE("A11 every line is held to the byte discipline", "[I9]") {
  const char* line = GENERATE("A: b\n",
                              "\n",
                              "A: b\r\r\n",
                              "A: b\rc\r\n",
                              " A: b\r\n",
                              "\tA: b\r\n",
                              " \r\n",
                              "A\r\n",
                              ":\r\n",
                              ": b\r\n",
                              "A : b\r\n",
                              "A\t: b\r\n",
                              "A b: c\r\n",
                              "A\x01: b\r\n",
                              "A: \x01\r\n",
                              "A: \x7f\r\n",
                              "A: b\x0b\r\n",
                              "A\xe9: b\r\n",
                              "\r\r\n");
  INFO(line);
  LineCheck check = after_request_line();
  const LineVerdict verdict = check.check_line(line);
  CHECK(verdict.kind == Kind::refused);
  CHECK(verdict.error == DecodeError::malformed);
}

TEST_CASE("every byte value in a field line passes or not by its class", "[I9]") {
  for (unsigned int byte = 0; byte < 256; ++byte) {
    if (byte == '\n') {
      continue;  // a line ends there
    }
    INFO(byte);
    const std::string line = std::string("A: b") + static_cast<char>(byte) + "c\r\n";
    const bool is_text = byte == '\t' || (byte >= ' ' && byte != 0x7f);
    LineCheck check = after_request_line();
    CHECK((check.check_line(line).kind == Kind::more) == is_text);
  }
}

TEST_CASE("a part is refused when its line cannot fit any more, at the same byte as the line",
          "[I10][I15]") {
  const auto section = GENERATE(
      LineCheck::Section::request, LineCheck::Section::response, LineCheck::Section::trailer);
  const LineCheck check(section);
  const std::string first = section == LineCheck::Section::response ? "H" : "G";
  const std::string fits = first + std::string(check.part_bytes_max() - 1, 'x');
  CHECK(check.check_part(fits).kind == Kind::more);
  CHECK(check.check_part(fits + "x").kind == Kind::refused);
  LineCheck whole(section);
  CHECK(whole.check_line(fits + "x\n").error == check.check_part(fits + "x").error);
}

TEST_CASE("a message begins with a byte that can begin one") {
  const LineCheck request(LineCheck::Section::request);
  CHECK(request.check_part("").kind == Kind::more);
  CHECK(request.check_part("G").kind == Kind::more);
  const LineCheck response(LineCheck::Section::response);
  CHECK(response.check_part("H").kind == Kind::more);
  CHECK(response.check_part("G").kind == Kind::refused);
  CHECK(request.check_part("\r").kind == Kind::more);  // of an empty line
  CHECK(response.check_part("\r").kind == Kind::refused);
  const char* bad = GENERATE("\x16", "\r\r", "\rG", "\n", " ", "\x05", "\x80", "<", "\"");
  CHECK(request.check_part(bad).kind == Kind::refused);
}

TEST_CASE("empty lines before a request are ignored, a few of them, and none later", "[I10]") {
  LineCheck check(LineCheck::Section::request);
  for (std::size_t i = 0; i < bounds::kEmptyLinesMax; ++i) {
    REQUIRE(check.check_line("\r\n").kind == Kind::ignored);
  }
  CHECK(check.bytes() == 0);
  LineCheck other = check;
  CHECK(other.check_line("\r\n").kind == Kind::refused);
  CHECK(check.check_line("GET / HTTP/1.1\r\n").kind == Kind::more);
  CHECK(check.check_line("\r\n").kind == Kind::complete);
  CHECK(LineCheck(LineCheck::Section::response).check_line("\r\n").kind == Kind::refused);
  CHECK(LineCheck(LineCheck::Section::trailer).check_line("\r\n").kind == Kind::complete);
}

TEST_CASE("the parts of start lines are found") {
  const RequestLine request = LineCheck::split_request_line("GET /a HTTP/1.1");
  CHECK(request.method == "GET");
  CHECK(request.target == "/a");
  CHECK(request.version == "HTTP/1.1");
  CHECK(LineCheck::split_request_line("GET").target.empty());
  CHECK(LineCheck::split_request_line("GET /").version.empty());
  CHECK(LineCheck::split_request_line("").method.empty());
  const StatusLine status = LineCheck::split_status_line("HTTP/1.1 503 Not now");
  CHECK(status.status == 503);
  CHECK(status.reason == "Not now");
  CHECK(LineCheck::split_status_line("HTTP/1.0 200").reason.empty());
  CHECK(LineCheck::split_status_line("HTTP/1.0 200 ").reason.empty());
}

TEST_CASE("a trailer section too large is malformed, whatever it would be in a head", "[I10]") {
  LineCheck check(LineCheck::Section::trailer);
  const std::string line = "A: " + std::string(bounds::kChunkExtraBytesMax, 'x') + "\r\n";
  CHECK(check.check_line(line).error == DecodeError::malformed);
  LineCheck many(LineCheck::Section::trailer);
  for (std::size_t i = 0; i < bounds::kRequestFieldCountMax; ++i) {
    REQUIRE(many.check_line("A: b\r\n").kind == Kind::more);
  }
  CHECK(many.check_line("A: b\r\n").error == DecodeError::malformed);
}

}  // namespace keyswap::http
