// SPDX-License-Identifier: Apache-2.0
#include "test/support/tls_peer.h"

#include <array>

#include <catch2/catch.hpp>
#include <openssl/err.h>

#include "test/support/temp_file.h"

namespace keyswap::test {

namespace {

constexpr int kRoundsMax = 100;
constexpr std::size_t kSocketReadBytes = 64 * 1024;

ContextPointer weak_context(const SSL_METHOD* method) {
  ContextPointer context(SSL_CTX_new(method), SSL_CTX_free);
  SSL_CTX* c = context.get();
  SSL_CTX_set_security_level(c, 0);
  REQUIRE(SSL_CTX_set_min_proto_version(c, TLS1_VERSION) == 1);
  REQUIRE(SSL_CTX_set_cipher_list(c, "ALL:eNULL:aNULL:@SECLEVEL=0") == 1);
  return context;
}

}  // namespace

ContextPointer weak_server_context(const Identity& leaf, const std::vector<Identity>& chain) {
  ContextPointer context = weak_context(TLS_server_method());
  SSL_CTX* c = context.get();
  REQUIRE(SSL_CTX_use_certificate(c, leaf.certificate.get()) == 1);
  REQUIRE(SSL_CTX_use_PrivateKey(c, leaf.key.get()) == 1);
  SSL_CTX_set_mode(c, SSL_MODE_NO_AUTO_CHAIN);
  for (const Identity& link : chain) {
    REQUIRE(SSL_CTX_add1_chain_cert(c, link.certificate.get()) == 1);
  }
  const std::array<unsigned char, 1> id = {'t'};
  REQUIRE(SSL_CTX_set_session_id_context(c, id.data(), id.size()) == 1);
  return context;
}

ContextPointer weak_client_context() {
  return weak_context(TLS_client_method());
}

RawPeer::RawPeer(ContextPointer context, Side side)
    : context_(std::move(context)), ssl_(SSL_new(context_.get()), SSL_free) {
  SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  if (side == Side::server) {
    SSL_set_accept_state(ssl_.get());
  } else {
    SSL_set_connect_state(ssl_.get());
  }
}

void RawPeer::feed(std::string_view bytes) {
  if (!bytes.empty()) {
    REQUIRE(BIO_write(SSL_get_rbio(ssl_.get()), bytes.data(), static_cast<int>(bytes.size())) ==
            static_cast<int>(bytes.size()));
  }
}

void RawPeer::note_failure(int result) {
  const int error = SSL_get_error(ssl_.get(), result);
  if (error == SSL_ERROR_ZERO_RETURN) {
    is_closed_ = true;
  } else if (error != SSL_ERROR_WANT_READ) {
    has_failed_ = true;
    reason_ = ERR_GET_REASON(ERR_peek_error());
  }
  ERR_clear_error();
}

void RawPeer::step() {
  std::array<char, 16 * 1024> plaintext{};
  if (!has_failed_ && SSL_is_init_finished(ssl_.get()) == 0) {
    ERR_clear_error();
    if (const int result = SSL_do_handshake(ssl_.get()); result != 1) {
      note_failure(result);
      return;
    }
  }
  while (!has_failed_ && !is_closed_) {
    ERR_clear_error();
    const int count = SSL_read(ssl_.get(), plaintext.data(), static_cast<int>(plaintext.size()));
    if (count <= 0) {
      note_failure(count);
      return;
    }
    received_.append(plaintext.data(), static_cast<std::size_t>(count));
  }
}

std::string RawPeer::take_output() {
  char* data = nullptr;
  const long size = BIO_get_mem_data(SSL_get_wbio(ssl_.get()), &data);
  std::string bytes(data, static_cast<std::size_t>(size));
  static_cast<void>(BIO_reset(SSL_get_wbio(ssl_.get())));
  return bytes;
}

void RawPeer::write(std::string_view plaintext) {
  REQUIRE(SSL_write(ssl_.get(), plaintext.data(), static_cast<int>(plaintext.size())) ==
          static_cast<int>(plaintext.size()));
}

std::string drain(tls::Engine& engine) {
  std::string bytes(engine.output().view());
  engine.output().consume(bytes.size());
  return bytes;
}

base::Status feed_copy(tls::Engine& engine, std::string_view bytes) {
  const std::string gone(bytes);
  const auto status = engine.feed(gone);
  engine.keep_unread_input();
  return status;
}

base::Result<bool> shake(tls::Engine& engine, RawPeer& peer) {
  base::Result<bool> done = false;
  for (int round = 0; round < kRoundsMax; ++round) {
    done = engine.handshake();
    const std::string to_peer = drain(engine);
    peer.feed(to_peer);
    peer.step();
    if (!done || *done) {
      return done;
    }
    const std::string to_engine = peer.take_output();
    if (to_peer.empty() && to_engine.empty()) {
      return done;
    }
    for (std::size_t at = 0; at < to_engine.size() && done && !*done; at += kSocketReadBytes) {
      REQUIRE(feed_copy(engine, std::string_view(to_engine).substr(at, kSocketReadBytes)));
      done = engine.handshake();
    }
  }
  return done;
}

base::Status exchange(tls::Engine& engine, RawPeer& peer, std::string& received) {
  std::array<char, 5000> plaintext{};
  for (int round = 0; round < kRoundsMax; ++round) {
    const std::string to_peer = drain(engine);
    peer.feed(to_peer);
    peer.step();
    const std::string to_engine = peer.take_output();
    REQUIRE(feed_copy(engine, to_engine));
    tls::Engine::Read got;
    do {
      const auto read = engine.read(plaintext.data(), plaintext.size());
      if (!read) {
        return read.error();
      }
      got = *read;
      received.append(plaintext.data(), got.size);
    } while (got.size > 0);
    if (got.is_closed || (to_peer.empty() && to_engine.empty())) {
      break;
    }
  }
  return {};
}

std::shared_ptr<const tls::ClientContext> trusting(const std::vector<Identity>& roots,
                                                   const std::string& own_ca_pem) {
  std::string pem;
  for (const Identity& root : roots) {
    pem += root.pem();
  }
  const TempFile file(pem);
  auto context = tls::ClientContext::create({file.path()}, own_ca_pem);
  REQUIRE(context);
  return *context;
}

tls::Engine connect_to(const std::shared_ptr<const tls::ClientContext>& context,
                       const std::string& host,
                       const tls::Session& resume) {
  auto engine = tls::Engine::connect(context, host, false, resume);
  REQUIRE(engine);
  return std::move(*engine);
}

}  // namespace keyswap::test
