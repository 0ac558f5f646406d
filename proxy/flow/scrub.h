// SPDX-License-Identifier: Apache-2.0
//
// I8: a secret that comes back is turned back into its placeholder, in text that comes in pieces,
// wherever they are cut, and in whichever of its forms (proxy/flow/secret_forms.h).
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/base/bounds.h"
#include "proxy/base/buffer.h"
#include "proxy/base/result.h"
#include "proxy/flow/filter.h"
#include "proxy/flow/form_cache.h"
#include "proxy/flow/secret_search.h"
#include "vault/holdings.h"
#include "vault/secret.h"

namespace keyswap::flow {

class Scrubber final : public Filter {
 public:
  // `cache`: outlives it; null: none. `holder`: what it holds is counted there.
  explicit Scrubber(FormCache* cache = nullptr, vault::Holder holder = {})
      : cache_(cache), holder_(std::move(holder)) {}

  // From now on `secret` is looked for; known ones are not added again, nor is one so short that
  // ordinary text would have it. None is ever forgotten: what comes back may be the first.
  // (But for one that was added since the last prepare() that succeeded, when the next one fails.)
  // limit_exceeded: there would be more than bounds::kScrubbedSecretsMax; unavailable: no locked
  // memory, or none for this holder.
  base::Status add(const vault::Secret& secret, std::string_view placeholder);

  // Makes the search for all that were added, so that nothing below is short of memory for it;
  // unavailable, as above.
  base::Status prepare();

  // Is a secret in `text`?
  [[nodiscard]] bool is_in(std::string_view text);

  // What may be the beginning of a secret is kept back. limit_exceeded, too, when the piece is made
  // to be slow (bounds::kComparedTimesMax).
  [[nodiscard]] base::Status feed(std::string_view piece,
                                  bool is_last,
                                  base::ByteSink& out) override;

 private:
  FormCache* cache_;
  vault::Holder holder_;
  std::vector<SharedForms> known_;
  std::shared_ptr<const SecretSearch> search_;  // null: not made, or nothing is known
  // May be the beginning of a secret, of which the percent-encoded form is the longest.
  base::Buffer kept_{3 * base::bounds::kSecretBytesMax};
};

}  // namespace keyswap::flow
