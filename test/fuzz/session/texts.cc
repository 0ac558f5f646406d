// SPDX-License-Identifier: Apache-2.0
#include "test/fuzz/session/texts.h"

#include <array>

#include "test/fuzz/session/around.h"
#include "test/fuzz/session/engine.h"

namespace keyswap::test {

const char* const kBindings = R"(
version: 1
unmatched_destination_policy: forward_unmodified
allow_users: ["*"]
upstream:
  resolve:
    "h.test:443": "127.0.0.1:1001"
    "opaque.test:443": "127.0.0.1:1002"
    "plain.test:80": "127.0.0.1:1003"
    "ws-api.binance.com:443": "127.0.0.1:1004"
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings:
      - { host: h.test, paths: ["/k/**"], max_body: 3000, route: svc, websocket: true }
      - { host: h.test, paths: ["/l/**"], rate_limit: { requests: 9, per: 1s } }
  B:
    placeholder: BINANCE_PLACEHOLDER_0000000001
    inject: { type: binance, api_key: BK, api_secret: BS }
    bindings:
      - { host: h.test, max_body: 2000, rate_limit: { requests: 9, per: 1s } }
      - { host: ws-api.binance.com, websocket: true, daily_volume_usd: 1000 }
  T:
    placeholder: kswp_PLACEHOLDER_000000000003
    inject: { header: X-Token, format: "{secret}" }
    bindings: [ { host: h.test, paths: ["/t/**"], websocket: true, ws_text: true } ]
  R:
    placeholder: kswp_PLACEHOLDER_000000000004
    inject: { header: X-Real, format: "{secret}" }
    bindings: [ { host: h.test, paths: ["/r/**"] } ]
)";

const char* const kOtherBindings = R"(
version: 1
unmatched_destination_policy: deny
upstream:
  resolve: { "h.test:443": "127.0.0.1:1001" }
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: h.test, paths: ["/k/**"] } ]
)";

namespace {

constexpr std::string_view kHeaderField = "Authorization: Bearer kswp_PLACEHOLDER_000000000001\r\n";
constexpr std::string_view kKeyField =
    "X-MBX-APIKEY: BINANCE_PLACEHOLDER_0000000001\r\n"
    "Content-Type: application/x-www-form-urlencoded\r\n";
constexpr std::string_view kChunked = "Transfer-Encoding: chunked\r\n";
constexpr std::string_view kUpgrade =
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
constexpr std::string_view kChunk = "5\r\nhello\r\n";

std::string many(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) {
    all += text;
  }
  return all;
}

struct Line {
  std::string_view method = "GET";
  std::string_view host = "h.test";
  std::string_view path = "/k/";
  std::string_view query;
  std::string_view scheme = "https";
};

std::string request(const Line& line,
                    int number,
                    bool is_tunnelled,
                    std::string_view fields,
                    std::string_view body) {
  std::string text(line.method);
  text += ' ';
  if (!is_tunnelled) {
    text += std::string(line.scheme) + "://" + std::string(line.host);
  }
  text += std::string(line.path) + std::to_string(number) + std::string(line.query);
  text += " HTTP/1.1\r\nHost: " + std::string(line.host) + "\r\n" + std::string(fields) + "\r\n";
  return text + std::string(body);
}

std::string connect(std::string_view authority) {
  return "CONNECT " + std::string(authority) + " HTTP/1.1\r\nHost: " + std::string(authority) +
         "\r\n\r\n";
}

// `head`: FIN, RSV and opcode. The mask is 0, so what is sent is what is meant.
std::string client_frame(unsigned char head, std::string_view payload) {
  std::string frame(1, static_cast<char>(head));
  if (payload.size() < 126) {
    frame += static_cast<char>(0x80U | payload.size());
  } else {
    frame += static_cast<char>(0x80U | 126U);
    frame += static_cast<char>(payload.size() >> 8U);
    frame += static_cast<char>(payload.size() & 0xffU);
  }
  return frame + std::string(4, '\0') + std::string(payload);
}

std::string server_frame(unsigned char head, std::string_view payload) {
  return std::string(1, static_cast<char>(head)) + static_cast<char>(payload.size()) +
         std::string(payload);
}

constexpr unsigned char kText = 0x81;
constexpr unsigned char kTextPart = 0x01;
constexpr unsigned char kClose = 0x88;
constexpr unsigned char kPing = 0x89;
constexpr unsigned char kBadFrame = 0xf3;

std::string order(int number) {
  return R"({"id":")" + std::to_string(number % 4) +
         R"(","method":"order.place","params":{"symbol":"BTCUSDT","side":"SELL",)"
         R"("type":"LIMIT","timeInForce":"GTC","price":"50000.00","quantity":"0.01",)"
         R"("timestamp":1645423376532,"apiKey":"BINANCE_PLACEHOLDER_0000000001",)"
         R"("signature":"00"}})";
}

const std::string kHeaderChunked = std::string(kHeaderField) + std::string(kChunked);
const std::string kKeyChunked = std::string(kKeyField) + std::string(kChunked);
constexpr Line kPost{"POST", "h.test", "/k/", "", "https"};
constexpr Line kSigned{"POST", "h.test", "/b/", "", "https"};

using Maker = std::string (*)(int number, bool is_tunnelled);

// In the order of Say.
constexpr std::array<Maker, static_cast<std::size_t>(Say::count_)> kClientTexts = {
    [](int n, bool t) { return request({}, n, t, kHeaderField, ""); },
    [](int n, bool t) {
      return request(kPost, n, t, std::string(kHeaderField) + "Content-Length: 5\r\n", "hello");
    },
    [](int n, bool t) {
      return request(kPost, n, t, kHeaderChunked, many(kChunk, 3) + "0\r\n\r\n");
    },
    [](int n, bool t) { return request(kPost, n, t, kHeaderChunked, many(kChunk, 700)); },
    [](int n, bool t) {
      const std::string expecting = "Content-Length: 9\r\nExpect: 100-continue\r\n";
      return request(kPost, n, t, std::string(kHeaderField) + expecting, "");
    },
    [](int n, bool t) {
      return request({"HEAD", "h.test", "/l/", "", "https"}, n, t, kHeaderField, "");
    },
    [](int n, bool t) {
      return request({"GET", "plain.test", "/p/", "", "http"}, n, t, "", "");
    },
    [](int n, bool t) {
      return request({"GET", "h.test", "/m/", "", "https"}, n, t, kHeaderField, "");
    },
    [](int n, bool t) {
      return request({}, n, t, kHeaderField, "") + request({}, n, t, kHeaderField, "");
    },
    [](int n, bool t) {
      return request(kSigned, n, t, kKeyChunked, "b\r\ntimestamp=1\r\n0\r\n\r\n");
    },
    [](int n, bool t) { return request(kSigned, n, t, kKeyChunked, many(kChunk, 600)); },
    [](int n, bool t) {
      return request(kSigned, n, t, kKeyChunked, many(kChunk, 2) + "zz\r\n" + many(kChunk, 3));
    },
    [](int n, bool t) {
      const std::string expecting = "Content-Length: 20\r\nExpect: 100-continue\r\n";
      return request(kSigned, n, t, std::string(kKeyField) + expecting, "timestamp=");
    },
    [](int n, bool t) {
      return request({"GET", "h.test", "/b/", "?timestamp=1", "https"}, n, t, kKeyField, "");
    },
    [](int n, bool /*t*/) {
      return request({"GET", "127.0.0.1:8472", "/proxy/svc/k/", "", "http"}, n, true, "", "");
    },
    [](int n, bool t) {
      return request({}, n, t, std::string(kHeaderField) + std::string(kUpgrade), "");
    },
    [](int n, bool t) {
      return request({"GET", "ws-api.binance.com", "/ws-api/v3?", "", "https"}, n, t, kUpgrade, "");
    },
    [](int /*n*/, bool /*t*/) { return connect("opaque.test:443"); },
    [](int /*n*/, bool /*t*/) {
      return connect("opaque.test:443") + std::string(1, '\0') + "early";
    },
    [](int /*n*/, bool /*t*/) { return connect("opaque.test:443") + std::string(70'000, '\0'); },
    [](int /*n*/, bool /*t*/) { return connect("h.test:443") + seal(RecordKind::hello, "h.test"); },
    [](int n, bool /*t*/) {
      return connect("h.test:443") + request({}, n, true, kHeaderField, "");
    },
    [](int /*n*/, bool /*t*/) { return seal(RecordKind::hello, "h.test"); },
    [](int /*n*/, bool /*t*/) { return client_frame(kText, "hello"); },
    [](int /*n*/, bool /*t*/) { return client_frame(kTextPart, "begin"); },
    [](int /*n*/, bool /*t*/) { return client_frame(kText, std::string(60'000, 'x')); },
    [](int /*n*/, bool /*t*/) { return client_frame(kPing, "p"); },
    [](int /*n*/, bool /*t*/) { return client_frame(kClose, std::string("\x03\xe8", 2)); },
    [](int /*n*/, bool /*t*/) { return client_frame(kBadFrame, "bad"); },
    [](int n, bool /*t*/) { return client_frame(kText, order(n)); },
    [](int /*n*/, bool /*t*/) { return client_frame(kText, R"({"id":1,"method":"ping"})"); },
    [](int /*n*/, bool /*t*/) { return many(kChunk, 300); },
    [](int /*n*/, bool /*t*/) { return std::string("0\r\n\r\n"); },
    [](int /*n*/, bool /*t*/) { return std::string(100'000, '\1'); },
    [](int /*n*/, bool /*t*/) { return std::string("G\x80 / HTTP/9\r\n\r\n"); },
    [](int n, bool t) {
      return request({"GET", "h.test", "/t/", "", "https"}, n, t, kUpgrade, "");
    },
    [](int /*n*/, bool /*t*/) {
      return client_frame(kText, R"({"token":"kswp_PLACEHOLDER_000000000003"})");
    },
    [](int /*n*/, bool /*t*/) {
      return client_frame(kText, R"({"token":")" + std::string(kSentValue) + "\"}");
    },
    [](int n, bool t) {
      const std::string old = "X-Old: " + std::string(kSentValue) + "\r\n";
      return request({}, n, t, std::string(kHeaderField) + old, "");
    },
};

}  // namespace

std::string client_text(Say say, int number, bool is_tunnelled) {
  return kClientTexts.at(static_cast<std::size_t>(say))(number, is_tunnelled);
}

std::string upstream_text(Answer answer) {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  switch (answer) {
    case Answer::ok:
      return ok + "Content-Length: 5\r\n\r\nhello";
    case Answer::ok_chunked:
      return ok + "Transfer-Encoding: chunked\r\n\r\n" + many(kChunk, 3) + "0\r\n\r\n";
    case Answer::ok_until_close:
      return ok + "\r\nhello";
    case Answer::ok_long:
      return ok + "Content-Length: 300000\r\n\r\n" + std::string(300'000, 'z');
    case Answer::no_content:
      return "HTTP/1.1 204 No Content\r\n\r\n";
    case Answer::half:
      return ok + "Content-Length: 50\r\n\r\nhel";
    case Answer::go_on:
      return "HTTP/1.1 100 Continue\r\n\r\n";
    case Answer::early_hints:
      return "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
    case Answer::switching:
      return "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
             "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    case Answer::refused:
      return "HTTP/1.1 413 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    case Answer::order_refused:
      return "HTTP/1.1 400 No\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
    case Answer::two_at_once:
      return many(ok + "Content-Length: 5\r\n\r\nhello", 2);
    case Answer::echo:
      return ok + "X-Echo: " + std::string(kApiKey) +
             "\r\nContent-Length: " + std::to_string(kApiKey.size()) + "\r\n\r\n" +
             std::string(kApiKey);
    case Answer::frame_text:
      return server_frame(kText, "world");
    case Answer::frame_part:
      return server_frame(kTextPart, "wor");
    case Answer::frame_reply:
      return server_frame(kText, R"({"id":"1","status":200,"result":{}})");
    case Answer::frame_ping:
      return server_frame(kPing, "p");
    case Answer::frame_close:
      return server_frame(kClose, std::string("\x03\xe8", 2));
    case Answer::frame_bad:
      return server_frame(kBadFrame, "bad");
    case Answer::bytes:
      return std::string(100'000, '\2');
    case Answer::garbage:
    case Answer::count_:
      return "HTTP/2 what\r\n\r\n";
  }
  return "";
}

}  // namespace keyswap::test
