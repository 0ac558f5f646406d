// SPDX-License-Identifier: Apache-2.0
//
// What a secret's credential is: the interface of every scheme, one file each in bindings/schemes/,
// listed in bindings/schemes.cc. Where it goes is the business of a placement
// (bindings/placement.h), unless the scheme signs. An Injection is immutable and pure: no clock, no
// randomness, no I/O; what it needs is handed in, so that published vectors are plain tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/bytes.h"
#include "proxy/base/result.h"
#include "vault/secret.h"
#include "vault/secret_name.h"

namespace keyswap::bindings {

class MessageSigner;
class Signer;

struct RenderInput {
  std::span<const vault::Secret> secrets;  // in the order of Injection::needs()
  std::int64_t now_s = 0;                  // for time-based codes
};

class Injection {
 public:
  Injection() = default;
  Injection(const Injection&) = delete;
  Injection& operator=(const Injection&) = delete;
  Injection(Injection&&) = delete;
  Injection& operator=(Injection&&) = delete;
  virtual ~Injection() = default;

  // The scheme's name as records and docs show it: "header".
  [[nodiscard]] virtual std::string_view scheme() const = 0;
  // Vault entries whose values render() needs.
  [[nodiscard]] virtual const std::vector<vault::SecretName>& needs() const = 0;

  // Is the entry needs()[index] a private key? Its bytes are then PKCS#8 DER
  // (bindings/private_key.h), and one that is a text is refused; all others must be texts.
  [[nodiscard]] virtual bool needs_private_key(std::size_t index) const {
    static_cast<void>(index);
    return false;
  }

  // Writes the credential's value; `out` is locked memory. Whether it can stand where it goes, the
  // placement says. An error (a part that does not decode) refuses the request: 503
  // secret_unavailable.
  [[nodiscard]] virtual base::Status render(const RenderInput& input,
                                            base::ByteSink& out) const = 0;

  // Has what render() writes each of its secrets in it, as it is?
  [[nodiscard]] virtual bool shows_secrets() const { return false; }

  // Not null: the scheme reads the whole request (bindings/signer.h), and render() is never called.
  [[nodiscard]] virtual const Signer* signer() const { return nullptr; }

  // Not null: on a WebSocket each message is judged and signed (bindings/message_signer.h).
  [[nodiscard]] virtual const MessageSigner* messages() const { return nullptr; }
};

}  // namespace keyswap::bindings
