// SPDX-License-Identifier: Apache-2.0
//
// I8: a secret that comes back is turned back into its placeholder, in text that comes in pieces,
// wherever they are cut: as it is, in hex, in base64 wherever it begins in it, percent-encoded.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "proxy/base/bounds.h"
#include "proxy/base/buffer.h"
#include "proxy/base/bytes.h"
#include "proxy/base/result.h"
#include "vault/holdings.h"
#include "vault/secret.h"

namespace keyswap::flow {

// A secret in the forms that are looked for.
struct SecretForms {
  vault::Secret forms;                  // one behind the other; as it is comes first
  std::vector<std::string_view> texts;  // into `forms`
  std::string placeholder;
};

// Forms are written once and shared by all the responses and WebSockets of a loop that need them.
// Besides, those used last are kept for the next request, as far as they fit into
// bounds::kScrubbedSecretsMax and bounds::kFormCacheBytesMax. Belongs to a loop; what is kept goes
// with each policy and each reading of the vault.
class FormCache {
 public:
  // Null: locked memory is used up.
  std::shared_ptr<const SecretForms> find_or_write(const vault::Secret& secret,
                                                   std::string_view placeholder);

  void clear();

 private:
  using Shared = std::shared_ptr<const SecretForms>;

  void keep(const Shared& forms);

  std::vector<Shared> kept_;  // the one used last stands last
  std::size_t kept_bytes_ = 0;
  // All that somebody holds, by placeholder.
  std::unordered_map<std::string, std::vector<std::weak_ptr<const SecretForms>>> in_use_;
};

class Scrubber {
 public:
  // `cache`: outlives it; null: none. `holder`: what it holds is counted there.
  explicit Scrubber(FormCache* cache = nullptr, vault::Holder holder = {})
      : cache_(cache), holder_(std::move(holder)) {}

  // From now on `secret` is looked for; known ones are not added again, nor is one so short that
  // ordinary text would have it. None is ever forgotten: what comes back may be the first.
  // limit_exceeded: there would be more than bounds::kScrubbedSecretsMax; unavailable: no locked
  // memory, or none for this holder.
  base::Status add(const vault::Secret& secret, std::string_view placeholder);

  // Is a secret in `text`?
  [[nodiscard]] bool is_in(std::string_view text) const {
    return find_first(text).known != nullptr;
  }

  // Appends the next piece of a message to `out`, as far as it cannot be the beginning of a secret;
  // what is kept back comes with the piece after it. After the last piece of a message nothing is
  // kept. limit_exceeded when `out` is full.
  base::Status feed(std::string_view piece, bool is_last, base::ByteSink& out);

 private:
  struct Found {
    std::size_t at = std::string_view::npos;
    std::size_t size = 0;  // 0: nothing was found
    const SecretForms* known = nullptr;
  };

  [[nodiscard]] Found find_first(std::string_view text) const;
  [[nodiscard]] std::size_t begun_at_end(std::string_view text) const;

  FormCache* cache_;
  vault::Holder holder_;
  std::vector<std::shared_ptr<const SecretForms>> known_;
  base::Buffer kept_{2 * base::bounds::kSecretBytesMax};  // may be the beginning of a secret
};

}  // namespace keyswap::flow
