// SPDX-License-Identifier: Apache-2.0
#include "proxy/tls/hooks.h"

#include <openssl/ssl.h>

namespace keyswap::tls {

namespace {

constexpr int kSessionsTakenMax = 16;  // I10: of the tickets of one connection

// A place of our own: connections of libcurl, which have our hooks too, keep its own things in the
// place that is called the application's.
int notes_index() {
  static const int kIndex = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return kIndex;
}

int on_new_session(SSL* ssl, SSL_SESSION* session) noexcept {
  Notes* const notes = notes_of(ssl);
  if (notes == nullptr || ++notes->sessions_seen > kSessionsTakenMax) {
    return 0;
  }
  notes->session = std::shared_ptr<SSL_SESSION>(session, SSL_SESSION_free);
  return 1;  // the reference is ours now
}

// RFC 8446 section 6: in TLS 1.3 the level says nothing, and all but these two end the connection.
bool is_end(const SSL* ssl, int level, int description) {
  if (description == SSL_AD_CLOSE_NOTIFY || description == SSL_AD_USER_CANCELLED) {
    return false;
  }
  return level == SSL3_AL_FATAL || SSL_version(ssl) == TLS1_3_VERSION;
}

// With SSL_OP_NO_RENEGOTIATION OpenSSL answers a request for one by a warning and goes on; whoever
// asks for it is not who we want to talk to.
void on_info(const SSL* ssl, int where, int value) noexcept {
  constexpr int kAlertMask = 0xff;
  constexpr int kLevelShift = 8;
  Notes* const notes = notes_of(ssl);
  if (notes == nullptr || (where & SSL_CB_ALERT) == 0) {
    return;
  }
  const int description = value & kAlertMask;
  const int level = value >> kLevelShift;
  if (where == SSL_CB_READ_ALERT && is_end(ssl, level, description)) {
    notes->alert_received = description;
  } else if (where == SSL_CB_WRITE_ALERT && level == SSL3_AL_FATAL) {
    notes->alert_sent = description;
  } else if (where == SSL_CB_WRITE_ALERT && description == SSL_AD_NO_RENEGOTIATION) {
    notes->was_renegotiation_asked = true;
  }
}

// We have no certificate to show; that one was asked for explains what may follow.
int on_certificate_asked(SSL* ssl, X509** /*certificate*/, EVP_PKEY** /*key*/) noexcept {
  if (Notes* const notes = notes_of(ssl)) {
    notes->was_certificate_asked = true;
  }
  return 0;
}

}  // namespace

void install_hooks(ssl_ctx_st* context) {
  SSL_CTX_sess_set_new_cb(context, on_new_session);
  SSL_CTX_set_info_callback(context, on_info);
  SSL_CTX_set_client_cert_cb(context, on_certificate_asked);
}

bool attach_notes(ssl_st* ssl, Notes* notes) {
  return SSL_set_ex_data(ssl, notes_index(), notes) == 1;
}

Notes* notes_of(const ssl_st* ssl) {
  return static_cast<Notes*>(SSL_get_ex_data(ssl, notes_index()));
}

}  // namespace keyswap::tls
