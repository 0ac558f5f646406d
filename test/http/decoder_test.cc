// SPDX-License-Identifier: Apache-2.0
//
// Bounds, cuts, ends and round trips; the syntax is in test/vectors/http.
#include "proxy/http/decoder.h"

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"
#include "proxy/http/h1/encoder.h"
#include "test/http/trace.h"

namespace keyswap::http::test {

namespace {

namespace bounds = base::bounds;
using Lines = std::vector<std::string>;
constexpr auto kRequest = Decoder::Role::request;
constexpr auto kResponse = Decoder::Role::response;

// The last event of `input`, which must not depend on the cut.
std::string outcome(Decoder::Role role, const std::string& input) {
  const Lines lines = trace(role, input, whole);
  CHECK(trace(role, input, bytewise) == lines);
  CHECK(trace(role, input, [](std::size_t left) { return std::min<std::size_t>(left, 1000); }) ==
        lines);
  REQUIRE_FALSE(lines.empty());
  return lines.back();
}

std::string request_with(const std::string& fields) {
  return "GET / HTTP/1.1\r\n" + fields + "\r\n";
}

std::string response_with(const std::string& fields) {
  return "HTTP/1.1 204 No Content\r\n" + fields + "\r\n";
}

// A field line of `size` bytes without its CR LF.
std::string field_of(std::size_t size) {
  return "A: " + std::string(size - 3, 'x') + "\r\n";
}

// Field lines, "Host: h" first, of `size` bytes together with their CR LFs.
std::string fields_of(std::size_t size) {
  std::string fields = "Host: h\r\n";
  while (size - fields.size() > 10'000) {
    fields += field_of(8000);
  }
  fields += field_of(size - fields.size() - 2);
  REQUIRE(fields.size() == size);
  return fields;
}

std::string many_fields(std::size_t count) {
  std::string fields = "Host: h\r\n";
  for (std::size_t i = 1; i < count; ++i) {
    fields += "A: b\r\n";
  }
  return fields;
}

}  // namespace

TEST_CASE("HF-12 a request has 128 fields at most, a response 256", "[I10]") {
  CHECK(outcome(kRequest, request_with(many_fields(128))) == "end");
  CHECK(outcome(kRequest, request_with(many_fields(129))) == "error too_many_fields");
  CHECK(outcome(kResponse, response_with(many_fields(256))) == "end");
  CHECK(outcome(kResponse, response_with(many_fields(257))) == "error too_many_fields");
}

TEST_CASE("HF-12 a field line of a request has 32 KiB at most, of a response 64 KiB", "[I10]") {
  const auto with = [](std::size_t size) {
    return "Host: h\r\n" + field_of(size);
  };
  CHECK(outcome(kRequest, request_with(with(32 * 1024))) == "end");
  CHECK(outcome(kRequest, request_with(with(32 * 1024 + 1))) == "error field_too_long");
  CHECK(outcome(kResponse, response_with(with(64 * 1024))) == "end");
  CHECK(outcome(kResponse, response_with(with(64 * 1024 + 1))) == "error field_too_long");
}

TEST_CASE("HF-12 the fields of a request have 64 KiB at most, of a response 256 KiB", "[I10]") {
  CHECK(outcome(kRequest, request_with(fields_of(64 * 1024))) == "end");
  CHECK(outcome(kRequest, request_with(fields_of(64 * 1024 + 1))) == "error head_too_large");
  CHECK(outcome(kResponse, response_with(fields_of(256 * 1024))) == "end");
  CHECK(outcome(kResponse, response_with(fields_of(256 * 1024 + 1))) == "error head_too_large");
}

TEST_CASE("HF-12 what is said of a bound that was passed names the bound", "[I10]") {
  const auto note = [](Decoder::Role role, const std::string& head) {
    return std::string(Decoder(role).next(head).note.text());
  };
  CHECK(note(kRequest, request_with(many_fields(129))) == "more than 128 fields in the head");
  CHECK(note(kResponse, response_with(many_fields(257))) == "more than 256 fields in the head");
  const std::string longest = "Host: h\r\n" + field_of(64 * 1024 + 1);
  CHECK(note(kRequest, request_with(longest)) == "a field line of more than 32 KiB");
  CHECK(note(kResponse, response_with(longest)) == "a field line of more than 64 KiB");
  CHECK(note(kRequest, request_with(fields_of(64 * 1024 + 1))) ==
        "more than 64 KiB of fields in the head");
  CHECK(note(kResponse, response_with(fields_of(256 * 1024 + 1))) ==
        "more than 256 KiB of fields in the head");
  CHECK(note(kResponse, "HTTP/1.1 099 x\r\n") == "a status that is not between 100 and 999");
}

TEST_CASE("a head has 64 options of Connection and Upgrade at most, empty ones too", "[I10]") {
  const auto with = [](std::size_t count) {
    std::string fields = "Host: h\r\nConnection: close";
    for (std::size_t i = 1; i < count; ++i) {
      fields += i % 2 == 0 ? ",x" : "\r\nConnection: x";
    }
    return fields + "\r\n";
  };
  CHECK(outcome(kRequest, request_with(with(64))) == "end");
  CHECK(outcome(kRequest, request_with(with(65))) == "error malformed");
  const std::string begin = "Host: h\r\nConnection: close\r\n";
  for (const std::string name : {"Connection", "Upgrade"}) {
    const auto commas = [&](std::size_t count) {
      return request_with(begin + name + ": x" + std::string(count, ',') + "\r\n");
    };
    CHECK(outcome(kRequest, commas(62)) == "end");
    CHECK(outcome(kRequest, commas(63)) == "error malformed");
  }
}

TEST_CASE("HF-12 a target of 8 KiB is accepted and one byte more refused", "[I10]") {
  const auto request = [](std::size_t size, const std::string& method) {
    return method + " /" + std::string(size - 1, 'x') + " HTTP/1.1\r\nHost: h\r\n\r\n";
  };
  const std::string method = GENERATE(as<std::string>{}, "GET", std::string(64, 'M'));
  CHECK(outcome(kRequest, request(bounds::kTargetBytesMax, method)) == "end");
  CHECK(outcome(kRequest, request(bounds::kTargetBytesMax + 1, method)) == "error target_too_long");
  CHECK(outcome(kRequest, request(3 * bounds::kTargetBytesMax, method)) == "error target_too_long");
}

TEST_CASE("HF-12 the largest head that is allowed passes as a whole", "[I10]") {
  CHECK(outcome(kRequest,
                std::string(64, 'M') + " /" + std::string(bounds::kTargetBytesMax - 1, 'x') +
                    " HTTP/1.1\r\n" + fields_of(bounds::kRequestHeadBytesMax) + "\r\n") == "end");
}

TEST_CASE("HF-12 a status line of 1 KiB is accepted and one byte more refused", "[I10]") {
  const auto response = [](std::size_t size) {
    const std::string line = "HTTP/1.1 204 ";
    return line + std::string(size - line.size(), 'x') + "\r\n\r\n";
  };
  CHECK(outcome(kResponse, response(bounds::kStatusLineBytesMax)) == "end");
  CHECK(outcome(kResponse, response(bounds::kStatusLineBytesMax + 1)) == "error malformed");
}

TEST_CASE("a line without end is refused as soon as it cannot fit, not when it ends", "[I10]") {
  CHECK(outcome(kRequest, std::string(bounds::kTargetBytesMax + 100, 'G')) ==
        "error target_too_long");
  CHECK(outcome(kRequest,
                "GET / HTTP/1.1\r\n" + std::string(bounds::kRequestFieldBytesMax + 2, 'A')) ==
        "error field_too_long");
  CHECK(outcome(kResponse,
                "HTTP/1.1 200\r\n" + std::string(bounds::kResponseFieldBytesMax + 2, 'A')) ==
        "error field_too_long");
  CHECK(outcome(kResponse, std::string(bounds::kStatusLineBytesMax + 2, 'H')) == "error malformed");
}

TEST_CASE("HF-13 chunk extensions past the bound end the message", "[I10]") {
  std::string body = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (std::size_t i = 0; i <= bounds::kChunkExtraBytesMax / 64; ++i) {
    body += "1;" + std::string(63, 'a') + "\r\nx\r\n";
  }
  CHECK(outcome(kRequest, body + "0\r\n\r\n") == "error malformed");
}

TEST_CASE("HF-14 a million chunks of one byte are one body", "[I10]") {
  std::string message = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  constexpr std::size_t kChunks = 1'000'000;
  message.reserve(message.size() + kChunks * 6 + 5);
  for (std::size_t i = 0; i < kChunks; ++i) {
    message += "1\r\nx\r\n";
  }
  message += "0\r\n\r\n";
  Decoder decoder(kRequest);
  std::string_view rest = message;
  std::size_t body_bytes = 0;
  Step step;
  do {
    step = decoder.next(rest.substr(0, 65'536));
    rest.remove_prefix(step.consumed);
    body_bytes += step.body.size();
  } while (step.kind != Step::Kind::end && step.kind != Step::Kind::error);
  CHECK(step.kind == Step::Kind::end);
  CHECK(body_bytes == kChunks);
  CHECK(rest.empty());
}

TEST_CASE("a head's names and values point into its own block and stay when it moves") {
  Decoder decoder(kRequest);
  std::string input = "GET /a HTTP/1.1\r\nHost: h\r\nX-A: b\r\n\r\n";
  REQUIRE(decoder.next(input).kind == Step::Kind::head);
  RequestHead head = decoder.take_request();
  std::fill(input.begin(), input.end(), '#');
  const RequestHead moved = std::move(head);
  CHECK(moved.target == "/a");
  CHECK(moved.fields[1].name == "X-A");
  CHECK(moved.fields[1].value == "b");
  CHECK(moved.fields[1].name.data() > moved.block.bytes.get());
  CHECK(moved.fields[1].name.data() < moved.block.bytes.get() + moved.block.size);
}

TEST_CASE("pieces of a body are views into the input") {
  Decoder decoder(kRequest);
  const std::string input = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello, next";
  const Step head = decoder.next(input);
  REQUIRE(head.kind == Step::Kind::head);
  const Step body = decoder.next(std::string_view(input).substr(head.consumed));
  CHECK(body.kind == Step::Kind::body);
  CHECK(body.body == "hello");
  CHECK(body.body.data() == input.data() + head.consumed);
  const Step end = decoder.next(", next");
  CHECK(end.kind == Step::Kind::end);
  CHECK(end.consumed == 0);
}

TEST_CASE("an end that is due comes without further input") {
  Decoder decoder(kRequest);
  CHECK(decoder.next("").kind == Step::Kind::need_more);
  const std::string input = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  REQUIRE(decoder.next(input).kind == Step::Kind::head);
  CHECK(decoder.is_mid_message());
  CHECK(decoder.next("").kind == Step::Kind::end);
  CHECK_FALSE(decoder.is_mid_message());
  CHECK(decoder.next("").kind == Step::Kind::need_more);
}

TEST_CASE("an error stays") {
  Decoder decoder(kRequest);
  const Step first = decoder.next("\x16\x03\x01");
  REQUIRE(first.kind == Step::Kind::error);
  const Step again = decoder.next("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(again.kind == Step::Kind::error);
  CHECK(again.error == DecodeError::malformed);
  CHECK(std::string_view(again.note.text()) == first.note.text());
  CHECK(decoder.finish().kind == Step::Kind::error);
}

TEST_CASE("HF-16 what a close means depends on where it comes", "[I9]") {
  Decoder decoder(kResponse);
  CHECK(decoder.finish().kind == Step::Kind::need_more);
  const auto feed = [&decoder](std::string_view input) {
    for (;;) {
      const Step step = decoder.next(input);
      input.remove_prefix(step.consumed);
      if (step.kind == Step::Kind::need_more) {
        return;
      }
    }
  };
  SECTION("in a head") {
    feed("HTTP/1.1 200");
    CHECK(decoder.is_mid_message());
    CHECK(decoder.finish().kind == Step::Kind::error);
  }
  SECTION("in a body with a length") {
    feed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell");
    CHECK(decoder.finish().kind == Step::Kind::error);
    CHECK(decoder.finish().kind == Step::Kind::error);
  }
  SECTION("in a chunked body") {
    feed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r");
    CHECK(decoder.finish().kind == Step::Kind::error);
  }
  SECTION("at the end of a body that lasts until the close") {
    feed("HTTP/1.1 200 OK\r\n\r\nhello");
    CHECK(decoder.is_mid_message());
    CHECK(decoder.finish().kind == Step::Kind::end);
    CHECK(decoder.finish().kind == Step::Kind::need_more);
  }
  SECTION("between two messages") {
    feed("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na");
    CHECK_FALSE(decoder.is_mid_message());
    CHECK(decoder.finish().kind == Step::Kind::need_more);
  }
}

TEST_CASE("HP-12 after a 101 the bytes of the other protocol are left alone") {
  Decoder decoder(kResponse);
  decoder.expect(AnswerTo::upgrade_request);
  const std::string head =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n";
  const std::string input = head + "\x81\x05hello";
  const Step step = decoder.next(input);
  REQUIRE(step.kind == Step::Kind::head);
  CHECK(step.consumed == head.size());
  CHECK(decoder.take_response().status == 101);
  const Step end = decoder.next(std::string_view(input).substr(step.consumed));
  CHECK(end.kind == Step::Kind::end);
  CHECK(end.consumed == 0);
  CHECK_FALSE(decoder.is_mid_message());
}

TEST_CASE("a decoder that moves takes its state along") {
  Decoder decoder(kRequest);
  CHECK(decoder.next("GET / HTT").kind == Step::Kind::need_more);
  Decoder other = std::move(decoder);
  CHECK(other.next("P/1.1\r\nHost: h\r\n\r\n").kind == Step::Kind::head);
  CHECK(other.take_request().method == "GET");
}

// --- round trips ---

namespace {

struct Message {
  std::string first;   // method or reason
  std::string second;  // target; empty for a response
  int status = 0;
  std::vector<std::pair<std::string, std::string>> fields;
  Framing::Kind framing = Framing::Kind::none;
  std::string body;
};

class StringSink final : public base::ByteSink {
 public:
  bool append(std::string_view bytes) override {
    text += bytes;
    return true;
  }

  std::string text;
};

class Random {
 public:
  explicit Random(std::uint32_t seed) : engine_(seed) {}

  std::size_t below(std::size_t bound) { return engine_() % bound; }

  std::string text(std::string_view alphabet, std::size_t size) {
    std::string text;
    for (std::size_t i = 0; i < size; ++i) {
      text += alphabet[below(alphabet.size())];
    }
    return text;
  }

  std::string value(std::size_t size) {
    std::string value;
    for (std::size_t i = 0; i < size; ++i) {
      const auto byte = 0x20 + below(0xe0);
      value += byte == 0x7f ? '\t' : static_cast<char>(byte);
    }
    return value.substr(0, value.find_last_not_of(" \t") + 1)
        .erase(0, value.find_first_not_of(" \t"));
  }

 private:
  std::mt19937 engine_;
};

constexpr std::string_view kTchar = "!#$%&'*+-.^`|~0123456789abcXYZ";
constexpr std::string_view kTargetBytes = "/?abcXYZ0189%-._~!$&'()*+,;=:@\"<>[]^`{|}\\";

Message random_message(Random& random, bool is_request) {
  static const std::vector<std::string> some_methods = {"GET", "POST", "PUT", "DELETE", "M-SEARCH"};
  Message message;
  if (is_request) {
    message.first = some_methods[random.below(some_methods.size())];
    message.second = "/" + random.text(kTargetBytes, random.below(40));
    message.fields.emplace_back("Host", random.text("abc.-", 1 + random.below(20)));
  } else {
    message.first = random.value(random.below(12));
    message.status = static_cast<int>(200 + random.below(400));
  }
  for (std::size_t left = random.below(8); left > 0; --left) {
    message.fields.emplace_back("z" + random.text(kTchar, random.below(12)),
                                random.value(random.below(40)));
  }
  const bool is_bodiless = message.status == 204 || message.status == 304;
  const std::size_t framing = is_bodiless ? 0 : random.below(3);
  if (framing == 1 || (framing == 0 && !is_request && !is_bodiless)) {
    message.framing = Framing::Kind::length;
    message.body = random.value(random.below(60));
    message.fields.emplace_back("Content-Length", std::to_string(message.body.size()));
  } else if (framing == 2) {
    message.framing = Framing::Kind::chunked;
    message.body = random.value(random.below(60));
    message.fields.emplace_back("transfer-Encoding", "chunked");
  }
  return message;
}

std::string encode(const Message& message, Random& random) {
  StringSink out;
  REQUIRE((message.status == 0 ? encode_request_line(out, message.first, message.second)
                               : encode_status_line(out, message.status, message.first))
              .has_value());
  for (const auto& [name, value] : message.fields) {
    REQUIRE(encode_field(out, name, value));
  }
  REQUIRE(encode_head_end(out));
  if (message.framing != Framing::Kind::chunked) {
    return out.text + message.body;
  }
  for (std::string_view rest = message.body; !rest.empty();) {
    const std::string_view chunk = rest.substr(0, 1 + random.below(20));
    REQUIRE(encode_chunk(out, chunk));
    rest.remove_prefix(chunk.size());
  }
  REQUIRE(encode_last_chunk(out));
  return out.text;
}

bool same_fields(const HeaderList& fields, const Message& message) {
  return std::equal(fields.begin(),
                    fields.end(),
                    message.fields.begin(),
                    message.fields.end(),
                    [](const Field& field, const auto& pair) {
                      return field.name == pair.first && field.value == pair.second;
                    });
}

bool same_head(Decoder& decoder, const Message& message) {
  if (message.status == 0) {
    const RequestHead head = decoder.take_request();
    return head.method == message.first && head.target == message.second &&
           head.framing.kind == message.framing && same_fields(head.fields, message);
  }
  const ResponseHead head = decoder.take_response();
  return head.reason == message.first && head.status == message.status &&
         head.framing.kind == message.framing && same_fields(head.fields, message);
}

// Does the decoder make of `bytes`, cut at random, what `message` is?
bool decodes_to(Decoder& decoder, std::string_view bytes, const Message& message, Random& random) {
  std::string body;
  bool is_same = false;
  for (;;) {
    const Step step = decoder.next(bytes.substr(0, 1 + random.below(200)));
    bytes.remove_prefix(step.consumed);
    if (step.kind == Step::Kind::head) {
      is_same = same_head(decoder, message);
    } else if (step.kind == Step::Kind::end) {
      return is_same && body == message.body && bytes.empty();
    } else if (step.kind == Step::Kind::error || (bytes.empty() && step.consumed == 0)) {
      return false;
    }
    body += step.body;
  }
}

}  // namespace

TEST_CASE("HF-09 what the encoder writes the decoder reads back, 100,000 random messages",
          "[I9][I15]") {
  const bool is_request = GENERATE(true, false);
  Random random(20261122);
  Decoder decoder(is_request ? kRequest : kResponse);
  std::size_t failed = 0;
  for (int round = 0; round < 50'000; ++round) {
    const Message message = random_message(random, is_request);
    const std::string bytes = encode(message, random);
    if (!decodes_to(decoder, bytes, message, random)) {
      ++failed;
      UNSCOPED_INFO(escape(bytes));
      break;
    }
  }
  CHECK(failed == 0);
}

TEST_CASE("I15 mutated messages have the same outcome however they are cut", "[I15]") {
  Random random(7);
  for (int round = 0; round < 20'000; ++round) {
    const bool is_request = round % 2 == 0;
    std::string bytes = encode(random_message(random, is_request), random);
    for (std::size_t left = 1 + random.below(3); left > 0; --left) {
      const std::size_t at = random.below(bytes.size());
      switch (random.below(3)) {
        case 0:
          bytes[at] = "\r\n\0 \t:,;a0"[random.below(10)];
          break;
        case 1:
          bytes.erase(at, 1 + random.below(3));
          break;
        default:
          bytes.insert(at, random.text("\r\n :0a;", 1 + random.below(3)));
      }
      bytes += 'G';
    }
    const Decoder::Role role = is_request ? kRequest : kResponse;
    const Lines lines = trace(role, bytes, whole);
    INFO(escape(bytes));
    REQUIRE(trace(role, bytes, bytewise) == lines);
    REQUIRE(trace(role, bytes, [&random](std::size_t left) {
              return std::min(left, 1 + random.below(30));
            }) == lines);
  }
}

}  // namespace keyswap::http::test
