// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/websocket.h"

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "test/http/websocket_trace.h"

namespace keyswap::http::test {

namespace {

using Lines = std::vector<std::string>;
using Sender = FrameDecoder::Sender;
constexpr auto kClient = Sender::client;
constexpr auto kServer = Sender::server;
constexpr Mask kMask = {0x37, 0xfa, 0x21, 0x3d};  // of the examples in RFC 6455 section 5.7

class StringSink final : public base::ByteSink {
 public:
  bool append(std::string_view bytes) override {
    text += bytes;
    return true;
  }

  std::string text;
};

// Has room for so many bytes.
class NarrowSink final : public base::ByteSink {
 public:
  explicit NarrowSink(std::size_t room) : room_(room) {}

  bool append(std::string_view bytes) override {
    if (bytes.size() > room_) {
      return false;
    }
    room_ -= bytes.size();
    return true;
  }

 private:
  std::size_t room_;
};

std::optional<Mask> mask_of(Sender sender) {
  return sender == kClient ? std::optional<Mask>(kMask) : std::nullopt;
}

std::string frame(Sender sender, Opcode opcode, bool is_final, std::string_view payload) {
  StringSink out;
  REQUIRE(encode_frame(out, opcode, is_final, payload, mask_of(sender)));
  return out.text;
}

// Bytes written as a literal with zeroes in it.
template <std::size_t n>
std::string bytes(const char (&literal)[n]) {  // NOLINT(modernize-avoid-c-arrays)
  return {literal, n - 1};
}

// What comes of `input`, which must not depend on the cut.
Lines outcome(Sender sender, const std::string& input) {
  const Lines lines = trace_frames(sender, input, whole);
  CHECK(trace_frames(sender, input, bytewise) == lines);
  for (std::size_t at = 1; at < std::min<std::size_t>(input.size(), 300); ++at) {
    CHECK(trace_frames(sender, input, [&input, at](std::size_t left) {
            return left == input.size() ? at : left;
          }) == lines);
  }
  std::mt19937 random(20261122);  // NOLINT(cert-msc51-cpp): a failure must be repeatable
  for (int round = 0; round < 20; ++round) {
    const std::size_t most = 1 + random() % (2 * input.size() / 3 + 2);
    CHECK(trace_frames(sender, input, [&random, most](std::size_t left) {
            return std::min<std::size_t>(left, 1 + random() % most);
          }) == lines);
  }
  return lines;
}

bool is_refused(Sender sender, const std::string& input) {
  const Lines lines = outcome(sender, input);
  return !lines.empty() && lines.back().rfind("error ", 0) == 0;
}

std::string random_bytes(std::mt19937& random, std::size_t size) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i) {
    text += static_cast<char>(random());
  }
  return text;
}

}  // namespace

// --- reading ---

TEST_CASE("the examples of RFC 6455 section 5.7 are read as it says", "[I9][I15]") {
  CHECK(outcome(kServer, bytes("\x81\x05\x48\x65\x6c\x6c\x6f")) ==
        Lines{"data text Hello", "end text"});
  CHECK(outcome(kClient, bytes("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58")) ==
        Lines{"data text Hello", "end text"});
  CHECK(outcome(kServer, bytes("\x01\x03\x48\x65\x6c\x80\x02\x6c\x6f")) ==
        Lines{"data text Hello", "end text"});
  CHECK(outcome(kServer, bytes("\x89\x05\x48\x65\x6c\x6c\x6f")) == Lines{"ping Hello"});
  CHECK(outcome(kClient, bytes("\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58")) ==
        Lines{"pong Hello"});
  const std::string short_payload(256, 'x');
  CHECK(outcome(kServer, bytes("\x82\x7e\x01\x00") + short_payload) ==
        Lines{"data binary " + short_payload, "end binary"});
  const std::string long_payload(65'536, 'x');
  CHECK(outcome(kServer, bytes("\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00") + long_payload) ==
        Lines{"data binary " + long_payload, "end binary"});
}

TEST_CASE("a reserved bit is refused, since no extension is spoken", "[I9]") {
  const char bit = GENERATE(as<char>(), 0x40, 0x20, 0x10);
  const Sender sender = GENERATE(kClient, kServer);
  const Opcode opcode = GENERATE(Opcode::text, Opcode::ping);
  std::string input = frame(sender, opcode, true, "a");
  CHECK_FALSE(is_refused(sender, input));
  input[0] = static_cast<char>(input[0] | bit);
  CHECK(is_refused(sender, input));
}

TEST_CASE("an opcode that RFC 6455 leaves open is refused", "[I9]") {
  const int opcode = GENERATE(3, 4, 5, 6, 7, 11, 12, 13, 14, 15);
  const std::string input = {static_cast<char>(0x80 | opcode), 0};
  CHECK(is_refused(kServer, input));
  CHECK(trace_frames(kServer, input.substr(0, 1), whole).size() == 1);  // at once
}

TEST_CASE("a client masks and a server does not", "[I9]") {
  const Opcode opcode = GENERATE(Opcode::text, Opcode::binary, Opcode::ping, Opcode::close);
  const std::string payload = GENERATE("", "\x03\xe8");
  CHECK(is_refused(kServer, frame(kClient, opcode, true, payload)));
  CHECK(is_refused(kClient, frame(kServer, opcode, true, payload)));
}

TEST_CASE("a length has one form, the shortest", "[I9]") {
  CHECK(is_refused(kServer, bytes("\x82\x7e\x00\x00")));
  CHECK(is_refused(kServer, bytes("\x82\x7e\x00\x7d")));
  CHECK_FALSE(is_refused(kServer, bytes("\x82\x7e\x00\x7e")));
  CHECK(is_refused(kServer, bytes("\x82\x7f\x00\x00\x00\x00\x00\x00\x00\x01")));
  CHECK(is_refused(kServer, bytes("\x82\x7f\x00\x00\x00\x00\x00\x00\xff\xff")));
  CHECK_FALSE(is_refused(kServer, bytes("\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00")));
}

TEST_CASE("a length of 2^63 is refused and one less is begun", "[I9]") {
  CHECK(is_refused(kServer, bytes("\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00")));
  CHECK(is_refused(kServer, bytes("\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff")));
  CHECK(outcome(kServer, bytes("\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff") + "abc") ==
        Lines{"data binary abc"});
}

TEST_CASE("a control frame is whole and has 125 bytes at most", "[I9]") {
  const Opcode opcode = GENERATE(Opcode::ping, Opcode::pong);
  const std::string fits(125, 'x');
  CHECK(outcome(kServer, frame(kServer, opcode, true, fits)) ==
        Lines{opcode_name(opcode) + " " + fits});
  CHECK(outcome(kClient, frame(kClient, opcode, true, fits)) ==
        Lines{opcode_name(opcode) + " " + fits});
  const std::string first(1, static_cast<char>(0x80 | static_cast<int>(opcode)));
  CHECK(is_refused(kServer, first + bytes("\x7e\x00\x7e") + std::string(126, 'x')));
  CHECK(is_refused(kServer, first + bytes("\x7f\x00\x00\x00\x00\x00\x01\x00\x00")));
  const std::string fragment(1, static_cast<char>(opcode));
  CHECK(is_refused(kServer, fragment + bytes("\x00")));
}

TEST_CASE("fragments stand in order", "[I9]") {
  const Sender sender = GENERATE(kClient, kServer);
  const std::string begin = frame(sender, Opcode::text, false, "a");
  const std::string go_on = frame(sender, Opcode::continuation, false, "b");
  const std::string end = frame(sender, Opcode::continuation, true, "c");
  CHECK(outcome(sender, begin + go_on + end + begin + end) ==
        Lines{"data text abc", "end text", "data text ac", "end text"});
  CHECK(is_refused(sender, go_on));
  CHECK(is_refused(sender, end));
  CHECK(is_refused(sender, begin + end + end));
  CHECK(is_refused(sender, begin + begin));
  CHECK(is_refused(sender, begin + frame(sender, Opcode::binary, true, "b")));
  CHECK(is_refused(sender, frame(sender, Opcode::text, false, "") + begin));
  CHECK(outcome(sender, begin + begin).front() == "data text a");  // what came before stays told
}

TEST_CASE("control frames may stand between the fragments of a message, and after a close too") {
  const Sender sender = GENERATE(kClient, kServer);
  const std::string ping = frame(sender, Opcode::ping, true, "p");
  const std::string pong = frame(sender, Opcode::pong, true, "");
  const std::string close = frame(sender, Opcode::close, true, close_payload(1000, "bye"));
  CHECK(outcome(sender,
                frame(sender, Opcode::binary, false, "a") + ping + pong +
                    frame(sender, Opcode::continuation, true, "b") + ping + close + pong) ==
        Lines{"data binary a",
              "ping p",
              "pong ",
              "data binary b",
              "end binary",
              "ping p",
              "close \\x03\\xe8bye",
              "pong "});
}

TEST_CASE("a message without a byte is only an end, and an empty fragment is nothing") {
  const Sender sender = GENERATE(kClient, kServer);
  const std::string empty_begin = frame(sender, Opcode::text, false, "");
  const std::string empty_more = frame(sender, Opcode::continuation, false, "");
  const std::string empty_end = frame(sender, Opcode::continuation, true, "");
  CHECK(outcome(sender, frame(sender, Opcode::text, true, "")) == Lines{"end text"});
  CHECK(outcome(sender, frame(sender, Opcode::binary, true, "")) == Lines{"end binary"});
  CHECK(outcome(sender, empty_begin + empty_more + empty_end) == Lines{"end text"});
  CHECK(outcome(sender,
                empty_begin + frame(sender, Opcode::continuation, false, "a") + empty_more +
                    empty_end) == Lines{"data text a", "end text"});
  CHECK(outcome(sender, empty_begin + empty_more).empty());
}

TEST_CASE("a Close frame says a code that may be sent, and why in UTF-8", "[I9]") {
  const Sender sender = GENERATE(kClient, kServer);
  const std::string code_1000 = "\x03\xe8";
  CHECK(outcome(sender, frame(sender, Opcode::close, true, "")) == Lines{"close "});
  CHECK(outcome(sender, frame(sender, Opcode::close, true, code_1000 + "caf\xc3\xa9")) ==
        Lines{"close \\x03\\xe8caf\\xc3\\xa9"});
  // encode_frame does not write these, so a ping of the same payload becomes one.
  const std::string wrong = GENERATE(std::string("\x03"),
                                     std::string("\x03\xed"),              // 1005
                                     std::string("\x03\xe8\xff"),          // not UTF-8
                                     std::string("\x03\xe8\xed\xa0\x80"),  // a surrogate
                                     std::string(2, '\0'));
  std::string input = frame(sender, Opcode::ping, true, wrong);
  input[0] = static_cast<char>(0x88);
  CHECK(is_refused(sender, input));
}

TEST_CASE("a WebSocket message's last piece says so, also when it is empty") {
  FrameDecoder decoder(kServer);
  CHECK(decoder.next("").kind == FrameStep::Kind::need_more);
  const FrameStep data = decoder.next("\x81\x01x");
  REQUIRE(data.kind == FrameStep::Kind::data);
  CHECK(data.consumed == 3);
  CHECK(data.is_final);
  CHECK(decoder.next("").kind == FrameStep::Kind::need_more);
  CHECK_FALSE(decoder.next("\x01\x01x").is_final);
  const FrameStep last = decoder.next(std::string_view("\x80\x00", 2));
  REQUIRE(last.kind == FrameStep::Kind::data);
  CHECK(last.payload.empty());
  CHECK(last.is_final);
  CHECK(last.opcode == Opcode::text);
}

TEST_CASE("an error stays, and nothing after it is used up") {
  FrameDecoder decoder(kServer);
  const FrameStep first = decoder.next("\xc1\x01x");
  REQUIRE(first.kind == FrameStep::Kind::error);
  CHECK(first.consumed == 1);
  const FrameStep again = decoder.next("\x81\x01x");
  CHECK(again.kind == FrameStep::Kind::error);
  CHECK(again.consumed == 0);
  CHECK(std::string_view(again.note.text()) == first.note.text());
}

TEST_CASE("what a server sends is shown where it lies, what a client sends is shown elsewhere") {
  FrameDecoder server(kServer);
  const std::string plain = frame(kServer, Opcode::binary, true, std::string(100'000, 'x'));
  const FrameStep shown = server.next(plain);
  REQUIRE(shown.kind == FrameStep::Kind::data);
  CHECK(shown.payload.size() == 100'000);
  CHECK(shown.payload.data() + shown.payload.size() == plain.data() + plain.size());

  FrameDecoder client(kClient);
  const std::string masked = frame(kClient, Opcode::binary, true, std::string(100'000, 'x'));
  const std::string before = masked;
  std::size_t pieces = 0;
  std::string together;
  for (std::string_view rest = masked;;) {
    const FrameStep step = client.next(rest);
    rest.remove_prefix(step.consumed);
    REQUIRE(step.kind == FrameStep::Kind::data);
    CHECK(step.payload.size() <= 16 * 1024);  // memory does not grow with the frame (I10)
    together += step.payload;
    ++pieces;
    if (step.is_final) {
      break;
    }
  }
  CHECK(pieces == 7);
  CHECK(together == std::string(100'000, 'x'));
  CHECK(masked == before);
}

TEST_CASE("a decoder that moves takes a half of a control frame along") {
  FrameDecoder decoder(kClient);
  const std::string ping = frame(kClient, Opcode::ping, true, "hello");
  CHECK(decoder.next(ping.substr(0, 8)).kind == FrameStep::Kind::need_more);
  FrameDecoder other = std::move(decoder);
  const FrameStep step = other.next(ping.substr(8));
  CHECK(step.kind == FrameStep::Kind::control);
  CHECK(step.payload == "hello");
}

// --- writing ---

TEST_CASE("frames are written as RFC 6455 section 5.7 shows them", "[I9]") {
  CHECK(frame(kServer, Opcode::text, true, "Hello") == bytes("\x81\x05\x48\x65\x6c\x6c\x6f"));
  CHECK(frame(kClient, Opcode::text, true, "Hello") ==
        bytes("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"));
  CHECK(frame(kServer, Opcode::text, false, "Hel") +
            frame(kServer, Opcode::continuation, true, "lo") ==
        bytes("\x01\x03\x48\x65\x6c\x80\x02\x6c\x6f"));
  CHECK(frame(kServer, Opcode::binary, true, std::string(256, 'x')).substr(0, 4) ==
        bytes("\x82\x7e\x01\x00"));
  CHECK(frame(kServer, Opcode::binary, true, std::string(65'536, 'x')).substr(0, 10) ==
        bytes("\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"));
}

TEST_CASE("what is written is read back, for every form of a length and any mask", "[I9][I15]") {
  const std::size_t size = GENERATE(0, 1, 7, 8, 9, 125, 126, 127, 65'535, 65'536, 70'000);
  std::mt19937 random(static_cast<std::uint32_t>(size));
  for (int round = 0; round < 4; ++round) {
    const std::string payload = random_bytes(random, size);
    const auto sender = round % 2 == 0 ? kClient : kServer;
    std::optional<Mask> mask;
    if (sender == kClient) {
      mask = Mask{static_cast<std::uint8_t>(random()), static_cast<std::uint8_t>(random()), 0, 255};
    }
    StringSink out;
    REQUIRE(encode_frame(out, Opcode::binary, true, payload, mask));
    CHECK(out.text.size() <= payload.size() + kFrameHeadBytesMax);
    const Lines expected =
        size == 0 ? Lines{"end binary"} : Lines{"data binary " + escape(payload), "end binary"};
    for (const std::size_t most : {std::size_t{1} << 20U, std::size_t{1}, std::size_t{5000}}) {
      // Not CHECK(a == b): it would print 200 KB.
      const bool is_same = trace_frames(sender, out.text, [&random, most](std::size_t left) {
                             return std::min<std::size_t>(left, 1 + random() % most);
                           }) == expected;
      CHECK(is_same);
    }
  }
}

TEST_CASE("a control frame that a decoder would refuse is not written", "[I9]") {
  StringSink out;
  CHECK(encode_frame(out, Opcode::ping, false, "", {}).error().code == base::Errc::invalid_input);
  CHECK_FALSE(encode_frame(out, Opcode::pong, true, std::string(126, 'x'), kMask));
  CHECK_FALSE(encode_frame(out, Opcode::close, true, "\x03", {}));
  CHECK_FALSE(encode_frame(out, Opcode::close, true, "\x03\xed", kMask));
  CHECK(out.text.empty());
}

TEST_CASE("a sink that is full is told, wherever in the frame that happens", "[I10]") {
  const std::optional<Mask> mask = GENERATE(std::optional<Mask>(), std::optional<Mask>(kMask));
  const std::size_t head_size = mask ? 8 : 4;
  const std::string payload(3000, 'x');
  NarrowSink enough(head_size + payload.size());
  CHECK(encode_frame(enough, Opcode::text, true, payload, mask));
  for (const std::size_t room : {std::size_t{0}, head_size, head_size + payload.size() - 1}) {
    NarrowSink narrow(room);
    const auto status = encode_frame(narrow, Opcode::text, true, payload, mask);
    REQUIRE_FALSE(status);
    CHECK(status.error().code == base::Errc::limit_exceeded);
  }
}

// --- what frames say ---

TEST_CASE("the codes of a Close frame are those that may be sent", "[I9]") {
  const auto is_sent = [](unsigned int code) {
    return is_close_payload(
        std::string{static_cast<char>(code >> 8U), static_cast<char>(code & 0xffU)});
  };
  std::vector<unsigned int> sent;
  for (unsigned int code = 0; code <= 0xffff; ++code) {
    if (is_sent(code) && (code < 3000 || code > 4999)) {
      sent.push_back(code);
    }
  }
  CHECK(sent == std::vector<unsigned int>{
                    1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014});
  CHECK(is_sent(3000));
  CHECK(is_sent(4999));
}

TEST_CASE("a Close frame's reason fits into a control frame and is UTF-8", "[I9]") {
  CHECK(is_close_payload(""));
  CHECK_FALSE(is_close_payload("\x03"));
  CHECK(is_close_payload("\x03\xe8" + std::string(123, 'x')));
  CHECK_FALSE(is_close_payload("\x03\xe8" + std::string(124, 'x')));
  CHECK_FALSE(is_close_payload("\x03\xe8\xc3"));
  CHECK(close_payload(1001, "going") == "\x03\xe9going");
  CHECK(close_payload(4999, "") == "\x13\x87");
}

// --- many ---

TEST_CASE("I15 mutated frames have the same outcome however they are cut", "[I15]") {
  std::mt19937 random(7);  // NOLINT(cert-msc51-cpp): a failure must be repeatable
  const auto below = [&random](std::size_t bound) {
    return random() % bound;
  };
  constexpr std::array<Opcode, 5> kOpcodes = {
      Opcode::text, Opcode::binary, Opcode::continuation, Opcode::ping, Opcode::pong};
  for (int round = 0; round < 5'000; ++round) {
    const Sender sender = round % 2 == 0 ? kClient : kServer;
    std::string input;
    for (std::size_t left = 1 + below(6); left > 0; --left) {
      const Opcode opcode = kOpcodes.at(below(kOpcodes.size()));
      const bool is_final = below(2) == 0 || opcode == Opcode::ping || opcode == Opcode::pong;
      input += frame(sender, opcode, is_final, random_bytes(random, below(130) % 126));
    }
    if (below(2) == 0) {
      input[below(input.size())] = static_cast<char>(random());
    }
    const Lines lines = trace_frames(sender, input, whole);
    INFO(escape(input));
    REQUIRE(trace_frames(sender, input, bytewise) == lines);
    REQUIRE(trace_frames(sender, input, [&below](std::size_t left) {
              return std::min(left, 1 + below(30));
            }) == lines);
  }
}

}  // namespace keyswap::http::test
