// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/tunnel.h"

#include <random>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

namespace keyswap::flow {

namespace {

using audit::Outcome;
using audit::Reason;

const std::string kNoHttp("\x16\x03\x01", 3);
const std::string kHttp = "GET /p HTTP/1.1\r\n";

std::string shown(Side side) {
  return side == Side::client ? "client" : "upstream";
}

std::string shown(const Dial& /*action*/) {
  return "dial";
}

std::string shown(const Record& action) {
  return "record:" + std::string(audit::to_string(action.decision)) + "," +
         std::string(audit::to_string(action.reason)) + "," + std::string(action.method);
}

std::string shown(const OpenTunnel& /*action*/) {
  return "open";
}

std::string shown(const PassBytes& action) {
  return shown(action.from) + ":" + std::string(action.bytes);
}

std::string shown(const PassKept& /*action*/) {
  return "client:kept";
}

std::string shown(const EndSide& action) {
  return "end-" + shown(action.to);
}

std::string shown(const ReadRequests& /*action*/) {
  return "read-requests";
}

std::string shown(const RefuseTunnel& action) {
  return "refuse:" + std::string(audit::to_string(action.reason));
}

std::string shown(const RefuseUnrecorded& action) {
  return "refuse-unrecorded:" + std::string(audit::to_string(action.reason));
}

std::string shown(const SetWait& action) {
  return action.wait == Wait::record          ? "wait-record"
         : action.wait == Wait::tunnel_speech ? "wait-speech"
         : action.wait == Wait::tunnel_idle   ? "wait-idle"
                                              : "wait-otherwise";
}

std::string shown(const RecordResponse& action) {
  return "closing:" + std::string(audit::to_string(action.outcome)) + "," +
         std::to_string(action.body_bytes);
}

std::string shown(const ReleaseUpstream& /*action*/) {
  return "release";
}

std::string shown(const Finish& action) {
  return action.client == ClientFate::close   ? "close"
         : action.client == ClientFate::abort ? "cut"
                                              : "keep";
}

// Drives a tunnel and writes down what it asks for. What of the client's is not passed is kept, and
// handed in again, as its connection does it.
class Script {
 public:
  Script& on(TunnelEvent event) {
    TunnelActions actions;
    tunnel.on(std::move(event), actions);
    for (const TunnelAction& action : actions) {
      const std::string line = std::visit([](const auto& asked) { return shown(asked); }, action);
      transcript += (transcript.empty() ? "" : " ") + line;
      if (const auto* const passed = std::get_if<PassBytes>(&action)) {
        (passed->from == Side::client ? to_upstream : to_client) += passed->bytes;
        is_kept_ = is_kept_ && passed->from != Side::client;
      } else if (std::holds_alternative<PassKept>(action)) {
        to_upstream += std::exchange(kept_, "");
      }
    }
    return *this;
  }

  Script& client(std::string_view bytes) {
    const std::string all = std::exchange(kept_, "") + std::string(bytes);
    is_kept_ = true;
    on(BytesCame{Side::client, all});
    if (is_kept_) {
      kept_ = all;
    }
    return *this;
  }

  Script& upstream(std::string_view bytes) { return on(BytesCame{Side::upstream, bytes}); }

  Script& ends(Side side) { return on(SideEnded{side}); }

  Script& breaks(Side side, bool has_stalled = false) {
    return on(SideBroken{side, has_stalled, {base::Cause::takes_nothing, {}}});
  }

  Script& recording() { return on(TunnelAsked{}).on(Dialed{}); }

  Script& open() {
    recording().on(RecordDone{true});
    transcript.clear();
    return *this;
  }

  // What was asked for since the last time.
  std::string take() { return std::exchange(transcript, ""); }

  Tunnel tunnel;
  std::string transcript;
  std::string to_client;
  std::string to_upstream;

 private:
  std::string kept_;
  bool is_kept_ = false;  // nothing of what is handed in was passed
};

}  // namespace

TEST_CASE("a tunnel is dialled, recorded, and opened once its record is durable", "[I6]") {
  Script script;
  CHECK(script.on(TunnelAsked{}).take() == "dial");
  CHECK(script.on(Dialed{}).take() == "record:pass,no_placeholder,CONNECT wait-record");
  CHECK_FALSE(script.tunnel.wants_client());
  CHECK(script.on(RecordDone{true}).take() == "open wait-idle");
  CHECK(script.tunnel.wants_client());
}

TEST_CASE("a tunnel whose upstream is not reached is refused for what was found") {
  Script script;
  script.on(TunnelAsked{}).take();
  script.on(DialFailed{Reason::address_blocked, {}});
  CHECK(script.take() == "release refuse:address_blocked");
  CHECK(script.tunnel.is_over());
}

TEST_CASE("who goes before a tunnel is recorded has a refusal recorded, and nothing open") {
  Script script;
  script.on(TunnelAsked{}).take();
  SECTION("the client says its end") {
    CHECK(script.ends(Side::client).take() == "release refuse:client_timeout");
  }
  SECTION("the client breaks") {
    CHECK(script.breaks(Side::client).take() == "release refuse:client_timeout");
  }
  SECTION("the proxy stops") {
    CHECK(script.on(GoingAway{}).take() == "release refuse:shutting_down");
  }
  SECTION("the connection is cut") {
    CHECK(script.on(ConnectionOver{}).take() == "release");
  }
}

TEST_CASE("what is recorded and not opened has a closing record that says so", "[I6]") {
  Script script;
  script.recording().take();
  SECTION("the client says its end") {
    CHECK(script.ends(Side::client).take() == "closing:not_sent,0 release cut");
  }
  SECTION("the client breaks") {
    CHECK(script.breaks(Side::client, true).take() == "closing:not_sent,0 release cut");
  }
  SECTION("the proxy stops") {
    CHECK(script.on(GoingAway{}).take() == "closing:not_sent,0 release cut");
  }
  SECTION("the connection is cut") {
    CHECK(script.on(ConnectionOver{}).take() == "closing:not_sent,0 release");
  }
  SECTION("its record takes too long") {  // I10: another would hang likewise
    CHECK(script.on(TimedOut{}).take() ==
          "closing:not_sent,0 release refuse-unrecorded:audit_unavailable close");
  }
  CHECK(script.on(RecordDone{true}).take().empty());
}

TEST_CASE("a tunnel whose record fails is refused", "[I13]") {
  Script script;
  script.recording().take();
  CHECK(script.on(RecordDone{false}).take() == "release refuse:audit_unavailable");
}

TEST_CASE("a tunnel passes bytes as they are, and counts them") {
  Script script;
  script.open().client(kNoHttp).upstream("answer").client("more");
  CHECK(script.to_upstream == kNoHttp + "more");
  CHECK(script.to_client == "answer");
  script.take();
  CHECK(script.on(ConnectionOver{}).take() == "closing:complete,13 release");
}

TEST_CASE("first bytes that are no HTTP are passed, however they are cut") {
  const std::string text = GENERATE(as<std::string>(),
                                    "SSH-2.0-OpenSSH_9.2\r\n",
                                    "LIST it\r\n",
                                    "\r\n\r\nNICK joe\r\n",
                                    "PING\r\n",
                                    kNoHttp);
  INFO(text);
  std::mt19937 random(1);
  for (int round = 0; round < 50; ++round) {
    Script script;
    script.open();
    std::string_view rest = text;
    while (!rest.empty()) {
      // Whole; one by one; at random cuts.
      const std::size_t size = round == 0   ? rest.size()
                               : round == 1 ? 1
                                            : 1 + random() % rest.size();
      script.client(rest.substr(0, size));
      rest.remove_prefix(size);
    }
    CHECK(script.to_upstream == text);
    script.ends(Side::client).take();
    CHECK(script.ends(Side::upstream).on(ConnectionOver{}).take() ==
          "end-client close closing:complete," + std::to_string(text.size()) + " release");
  }
}

TEST_CASE("HTTP in the clear is not passed but read, however it is cut", "[I15]") {
  const bool has_upstream_ended = GENERATE(false, true);
  for (std::size_t piece = 1; piece <= kHttp.size(); ++piece) {
    Script script;
    script.open();
    if (has_upstream_ended) {
      CHECK(script.ends(Side::upstream).take() == "end-client");
    }
    for (std::size_t at = 0; at < kHttp.size() && !script.tunnel.is_over(); at += piece) {
      script.client(std::string_view(kHttp).substr(at, piece));
    }
    CHECK(script.to_upstream.empty());
    const std::string end = "closing:complete,0 release read-requests";
    REQUIRE(script.transcript.size() >= end.size());
    CHECK(script.transcript.substr(script.transcript.size() - end.size()) == end);
    CHECK(script.tunnel.is_over());
  }
}

TEST_CASE("first bytes that may yet be HTTP are not kept for ever", "[I10]") {
  Script script;
  CHECK(script.open().client("GET").take() == "wait-speech");
  SECTION("time goes by") {
    CHECK(script.on(TimedOut{}).take() == "client:kept wait-idle");
    CHECK(script.client(" / HTTP/1.1\r\n").take() == "client: / HTTP/1.1\r\n");
  }
  SECTION("the client says its end") {
    CHECK(script.ends(Side::client).take() == "client:kept wait-idle end-upstream");
  }
  SECTION("the upstream speaks first: then it is no HTTP") {
    CHECK(script.upstream("220 ready").take() == "upstream:220 ready client:kept wait-idle");
  }
  SECTION("it turns out to be none") {
    CHECK(script.client(";it").take() == "client:GET;it wait-idle");
  }
  CHECK(script.to_upstream.substr(0, 3) == "GET");
}

TEST_CASE("a tunnel keeps half-closes, and ends when both are done") {
  Script script;
  script.open();
  const Side first = GENERATE(Side::client, Side::upstream);
  const Side second = first == Side::client ? Side::upstream : Side::client;
  script.client(kNoHttp).take();
  CHECK(script.ends(first).take() == "end-" + shown(second));
  CHECK(script.on(BytesCame{second, "late"}).take() == shown(second) + ":late");
  CHECK(script.ends(second).take() == "end-" + shown(first) + " close");
  CHECK(script.on(ConnectionOver{}).take() == "closing:complete,7 release");
}

TEST_CASE("an upstream that ended without a word is still passed what the client says") {
  Script script;
  script.open().ends(Side::upstream).take();
  CHECK(script.client("GET").take() == "wait-speech");
  CHECK(script.ends(Side::client).take() == "client:kept wait-idle end-upstream close");
}

TEST_CASE("a side that breaks ends a tunnel, and what came for the client arrives") {
  Script script;
  script.open().client(kNoHttp).upstream("answer").take();
  SECTION("the upstream") {
    CHECK(script.breaks(Side::upstream).take() == "close");
    CHECK(script.on(ConnectionOver{}).take() == "closing:complete,9 release");
  }
  SECTION("the client") {
    CHECK(script.breaks(Side::client).take() == "closing:complete,9 release cut");
  }
}

TEST_CASE("of a side that took nothing more the closing record says so", "[I10]") {
  Script script;
  script.open().client(kNoHttp).take();
  SECTION("the client") {
    CHECK(script.breaks(Side::client, true).take() == "closing:client_timeout,3 release cut");
  }
  SECTION("the upstream") {
    script.breaks(Side::upstream, true).take();
    CHECK(script.on(ConnectionOver{}).take() == "closing:upstream_timeout,3 release");
  }
  SECTION("the client, of what it was still to get") {
    script.breaks(Side::upstream).take();
    CHECK(script.on(ConnectionOver{true}).take() == "closing:client_timeout,3 release");
  }
  SECTION("the upstream, of what it was still to get") {
    script.ends(Side::client).ends(Side::upstream).take();
    CHECK(script.breaks(Side::upstream, true).take().empty());
    CHECK(script.on(ConnectionOver{}).take() == "closing:upstream_timeout,3 release");
  }
}

TEST_CASE("the cause of an upstream that took nothing is recorded") {
  Script script;
  script.open().breaks(Side::upstream, true);
  TunnelActions actions;
  script.tunnel.on(ConnectionOver{}, actions);
  const auto* const closing = std::get_if<RecordResponse>(&actions.front());
  REQUIRE(closing != nullptr);
  CHECK(closing->failure.cause == base::Cause::takes_nothing);
}

TEST_CASE("a tunnel in which nothing passes is cut", "[I10]") {
  Script script;
  script.open();
  SECTION("from the beginning") {
    CHECK(script.on(TimedOut{}).take() == "closing:complete,0 release cut");
  }
  SECTION("after some bytes") {
    script.client(kNoHttp).take();
    CHECK(script.on(TimedOut{}).take() == "closing:complete,3 release cut");
  }
  SECTION("of which one side said its end") {
    script.client(kNoHttp).ends(Side::client).take();
    CHECK(script.on(TimedOut{}).take() == "closing:complete,3 release cut");
  }
}

TEST_CASE("an open tunnel outlasts the beginning of the proxy's end") {
  Script script;
  CHECK(script.open().on(GoingAway{}).take().empty());
  CHECK(script.client(kNoHttp).take() == "client:" + kNoHttp);
}

}  // namespace keyswap::flow
