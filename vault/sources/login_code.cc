// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/login_code.h"

#include <utility>

#include "bindings/digest.h"
#include "bindings/percent_text.h"
#include "proxy/base/bytes.h"
#include "vault/sources/backend_parts.h"
#include "vault/sources/oauth2_answer.h"
#include "vault/sources/oauth2_client.h"

namespace keyswap::vault {

namespace {

constexpr std::size_t kVerifierBytes = 43;  // 32 bytes in base64url without padding

char in_url(char c) {
  return c == '+' ? '-' : c == '/' ? '_' : c;
}

class CodeRun final : public Run {
 public:
  explicit CodeRun(CodeLogin& login)
      : login_(login), who_(login.grant.client), keeping_(login.grant) {}

  [[nodiscard]] Step begin(std::int64_t /*now_us*/) override {
    next_ = &CodeRun::on_client;
    return who_.begin();
  }

  [[nodiscard]] Step on(Answer answer, std::int64_t now_us) override {
    now_us_ = now_us;
    return (this->*next_)(std::move(answer));
  }

 private:
  using Next = Step (CodeRun::*)(Answer);

  Step on_client(Answer answer) {
    if (auto step = who_.on(std::move(answer))) {
      return std::move(*step);
    }
    const auto form = form_of({{"grant_type", "authorization_code"},
                               {"code", login_.code.reveal()},
                               {"redirect_uri", login_.redirect_uri},
                               {"code_verifier", login_.verifier.reveal()}});
    if (!form) {
      return fail_of(form.error());
    }
    next_ = &CodeRun::on_token;
    return spending_call(login_.grant.client, who_, *form, now_us_);
  }

  Step on_token(Answer answer) {
    auto read = read_grant_answer(std::move(answer));
    if (auto* const failed = std::get_if<Failed>(&read)) {
      return std::move(*failed);
    }
    next_ = &CodeRun::on_keeping;
    return keeping_.begin(std::get<TokenAnswer>(std::move(read)));
  }

  Step on_keeping(Answer answer) { return keeping_.on(std::move(answer)); }

  CodeLogin& login_;
  ClientReading who_;
  LoginKeeping keeping_;
  Next next_ = nullptr;
  std::int64_t now_us_ = 0;
};

}  // namespace

base::Result<Secret> make_verifier(std::span<const char, kVerifierRandomBytes> random) {
  const auto encoded = base64_of({random.data(), random.size()});
  auto room = LockedBytes::of_size(kVerifierBytes);
  if (!encoded || !room) {
    return encoded ? room.error() : encoded.error();
  }
  for (std::size_t i = 0; i < kVerifierBytes; ++i) {
    room->data()[i] = in_url(encoded->reveal()[i]);
  }
  return Secret::adopt(std::move(*room), kVerifierBytes);
}

base::Result<std::string> challenge_of(const Secret& verifier) {
  bindings::Digest digest;
  KS_TRY(digest.hash(bindings::HashKind::sha256, verifier.reveal()));
  return base::to_base64url(digest.view());
}

base::Result<std::string> login_page(const CodeLogin& login, const Secret& client_id) {
  const auto challenge = challenge_of(login.verifier);
  if (!challenge) {
    return challenge.error();
  }
  std::string url = login.authorize_url;
  const auto add = [&url](std::string_view name, std::string_view value) {
    if (!value.empty()) {
      url += url.find('?') == std::string::npos ? '?' : '&';
      url.append(name).append("=");
      url += bindings::percent_encoded(value, bindings::UrlPart::parameter);
    }
  };
  add("response_type", "code");
  add("client_id", client_id.reveal());
  add("redirect_uri", login.redirect_uri);
  add("scope", login.grant.scope);
  add("state", login.state);
  add("code_challenge", *challenge);
  add("code_challenge_method", "S256");
  return login.authorize_more.empty() ? url : url + "&" + login.authorize_more;
}

std::unique_ptr<Run> code_run(CodeLogin& login) {
  return std::make_unique<CodeRun>(login);
}

}  // namespace keyswap::vault
