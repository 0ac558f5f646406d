// SPDX-License-Identifier: Apache-2.0
#include "test/cost/connection.h"

#include <utility>
#include <valgrind/callgrind.h>

#include "ca/authority.h"
#include "ca/leaf.h"
#include "proxy/flow/caller.h"
#include "proxy/flow/destination.h"
#include "proxy/flow/reply.h"
#include "proxy/http/decoder.h"
#include "proxy/tls/engine.h"
#include "proxy/tls/hooks.h"
#include "test/cost/core.h"
#include "test/support/temp_file.h"
#include "vault/secret.h"

namespace keyswap::work {

namespace {

// What `work` does is not counted.
template <typename Work>
auto uncounted(Work work) {
  CALLGRIND_TOGGLE_COLLECT;
  auto done = work();
  CALLGRIND_TOGGLE_COLLECT;
  return done;
}

template <typename Value>
Value value_of(base::Result<Value> result, std::string_view what) {
  must(result.has_value(), what);
  return std::move(*result);
}

std::string take_output(tls::Engine& engine) {
  std::string bytes(engine.output().view());
  engine.output().clear();
  return bytes;
}

// Goes on with what came; true once it is done.
bool go_on(tls::Engine& engine, std::string_view bytes) {
  must(engine.feed(bytes).has_value(), "TLS does not take what came");
  const bool is_done = value_of(engine.handshake(), "a handshake failed");
  engine.keep_unread_input();
  return is_done;
}

}  // namespace

Connections::Connections()
    : bindings_(bindings_of("version: 1\n"
                            "unmatched_destination_policy: deny\n"
                            "allow_wildcard_hosts: true\n"
                            "secrets:\n"
                            "  BENCH:\n"
                            "    placeholder: kswp_PLACEHOLDER_0000000000000001\n"
                            "    inject: { header: Authorization, format: \"Bearer {secret}\" }\n"
                            "    bindings: [ { host: \"*.example.test\" } ]\n")) {
  must(tls::start_library().has_value(), "OpenSSL does not start");
  must(vault::lock_memory().has_value(), "no memory can be locked");
  const std::int64_t now_s = clock_.wall_us() / 1'000'000;
  auto made = value_of(ca::create_authority(now_s), "no authority");
  const test::TempFile root(made.certificate_pem);
  to_client_ = value_of(tls::ServerContext::create(), "no context for clients");
  client_ = value_of(tls::ClientContext::create({root.path()}, ""), "no context of the client");
  leaves_ = std::make_unique<ca::LeafCache>(
      value_of(ca::Authority::open(made.key_der, made.certificate_pem, now_s), "no authority"),
      value_of(ca::LeafKey::create(), "no leaf key"),
      clock_,
      [](const ca::LeafCache::Task& task) { task(); });
}

void Connections::open(const std::string& host) {
  auto client = uncounted([&] {
    auto engine = tls::Engine::connect(client_, host, false, nullptr);
    return value_of(std::move(engine), "no client");
  });
  const std::string hello = uncounted([&] {
    must(!value_of(client.handshake(), "no hello"), "a handshake without a server");
    return take_output(client);
  });
  const std::string connect = "CONNECT " + host + ":443 HTTP/1.1\r\nHost: " + host + ":443\r\n\r\n";

  http::Decoder decoder(http::Decoder::Role::request);
  must(decoder.next(connect).kind == http::Step::Kind::head, "CONNECT was not read");
  const auto head = decoder.take_request();
  const auto route = flow::route(head, *bindings_);
  must(route.kind == flow::Route::Kind::intercept && !flow::proxy_claim(head),
       "CONNECT was not routed");
  std::shared_ptr<const ca::Leaf> leaf = leaves_->find(route.destination.authority.host);
  if (leaf == nullptr) {
    leaves_->request(route.destination.authority.host, false, [&](auto minted) {
      leaf = value_of(std::move(minted), "no leaf");
    });
  }
  auto engine = value_of(tls::Engine::accept(*to_client_, leaf), "no server");
  must(!go_on(engine, hello), "a handshake without the client's end");
  const std::string finished = uncounted([&] {
    must(go_on(client, take_output(engine)), "the client is not content");
    return take_output(client);
  });
  must(go_on(engine, finished) && engine.server_name() == host, "the handshake has no end");
}

}  // namespace keyswap::work
