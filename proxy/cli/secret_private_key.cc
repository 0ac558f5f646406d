// SPDX-License-Identifier: Apache-2.0
//
// Reading a private key for `keyswap secret add NAME --private-key`.
#include <unistd.h>

#include "bindings/private_key.h"
#include "ca/crypto_start.h"
#include "proxy/base/bounds.h"
#include "proxy/cli/secret.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

using base::bounds::kSecretBytesMax;

constexpr const char* kHint =
    "give PEM on standard input, as in: keyswap secret add NAME --private-key < key.pem; or the "
    "base64 of PKCS#8 DER on one line";

Outcome<LockedText> read_text(const std::string& name) {
  return isatty(STDIN_FILENO) == 1
             ? ask_hidden("Private key " + name + " (base64 of its DER on one line, not shown): ",
                          kSecretBytesMax)
             : read_locked(STDIN_FILENO, kSecretBytesMax, Newline::keep, "the private key");
}

}  // namespace

Outcome<vault::Secret> read_private_key(const std::string& name) {
  // I1: the key's numbers go into libcrypto's locked heap, which this starts.
  if (const auto started = ca::start_crypto(); !started) {
    return Failure{Exit::cannot, explain(started.error()), "raise RLIMIT_MEMLOCK (ulimit -l)"};
  }
  auto text = read_text(name);
  if (!text) {
    return text.failure();
  }
  const auto key = bindings::PrivateKey::from_text(text->view());
  if (!key) {
    return Failure{Exit::usage, name + ": " + explain(key.error()), kHint};
  }
  auto der = vault::LockedBuffer::of_capacity(kSecretBytesMax);
  if (!der) {
    return Failure{Exit::cannot, name + ": " + explain(der.error()), "nothing was changed"};
  }
  if (const auto written = key->write_der(*der); !written) {
    return Failure{Exit::usage, name + ": " + explain(written.error()), kHint};
  }
  auto secret = vault::Secret::copy_of(der->reveal());
  if (!secret) {
    return Failure{Exit::cannot, name + ": " + explain(secret.error()), "nothing was changed"};
  }
  return std::move(secret).value();
}

}  // namespace keyswap::cli
