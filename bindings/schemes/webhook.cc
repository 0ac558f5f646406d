// SPDX-License-Identifier: Apache-2.0
//
// The scheme `webhook`: signs what a program sends to a webhook, so that its receiver takes it for
// GitHub's, Slack's, or that of any sender who keeps to Standard Webhooks.
//   github    X-Hub-Signature-256: sha256=hex(HMAC-SHA256(secret, body))
//             (docs.github.com, "Validating webhook deliveries")
//   slack     X-Slack-Signature: v0=hex(HMAC-SHA256(secret, "v0:" + time + ":" + body)), and
//             X-Slack-Request-Timestamp (docs.slack.dev, "Verifying requests from Slack")
//   standard  webhook-signature: v1,base64(HMAC-SHA256(key, id + "." + time + "." + body)),
//             webhook-id and webhook-timestamp; the secret is "whsec_" and the key in base64
//             (github.com/standard-webhooks, "Signature scheme")
#include <array>
#include <memory>
#include <utility>

#include "bindings/placement.h"
#include "bindings/signing_parts.h"

namespace keyswap::bindings {

namespace {

constexpr std::string_view kSchemeName = "webhook";
constexpr std::string_view kGithubSign = "x-hub-signature-256";
constexpr std::string_view kSlackSign = "x-slack-signature";
constexpr std::string_view kSlackTime = "x-slack-request-timestamp";
constexpr std::string_view kStandardSign = "webhook-signature";
constexpr std::string_view kStandardTime = "webhook-timestamp";
constexpr std::string_view kStandardId = "webhook-id";
constexpr std::string_view kStandardPrefix = "whsec_";

enum class Style : std::uint8_t { github, slack, standard };

struct StyleFields {
  std::string_view signature;
  std::string_view time;  // "": none
  std::string_view id;    // likewise
};

StyleFields fields_of(Style style) {
  switch (style) {
    case Style::github:
      return {kGithubSign, {}, {}};
    case Style::slack:
      return {kSlackSign, kSlackTime, {}};
    case Style::standard:
      return {kStandardSign, kStandardTime, kStandardId};
  }
  KS_UNREACHABLE();
}

// A message keeps its id when it is sent again, so that its receiver takes it once: the sender says
// it. With a '.' in it, it could not be told where it ends.
bool has_id(const WholeRequest& request) {
  const auto* const id = request.fields.find(kStandardId);
  return id != nullptr && !id->value.empty() && id->value.find('.') == std::string_view::npos;
}

class WebhookSigner final : public SigningInjection {
 public:
  WebhookSigner(vault::SecretName secret, Style style, std::string header)
      : SigningInjection(kSchemeName, {std::move(secret)}),
        style_(style),
        fields_(fields_of(style)),
        header_(std::move(header)) {}

  [[nodiscard]] Judgement judge(const WholeRequest& request,
                                const Scope& /*scope*/) const override {
    const bool is_repeated =
        repeats_a_field(request, {header_, fields_.signature, fields_.time, fields_.id});
    return is_repeated || (style_ == Style::standard && !has_id(request)) ? malformed()
                                                                          : Judgement{};
  }

  [[nodiscard]] base::Status sign(const WholeRequest& request,
                                  const SignInput& input,
                                  Edits& edits) const override {
    KS_ASSERT(input.secrets.size() == 1);
    const auto time = time_text(TimeUnit::s, input.now_us);
    Hmac hmac;
    KS_TRY(begin(hmac, input.secrets[0]));
    KS_TRY(hmac.add(before_body(request, time)));
    KS_TRY(hmac.add(request.body));
    Digest digest;
    KS_TRY(hmac.finish(digest));
    if (header_ != fields_.signature) {
      edits.remove_field(header_);
    }
    if (!fields_.time.empty()) {
      KS_TRY(set_field(edits, fields_.time, time));
    }
    return set_field(edits, fields_.signature, written(digest));
  }

 private:
  [[nodiscard]] base::Status begin(Hmac& hmac, const vault::Secret& secret) const {
    if (style_ != Style::standard) {
      return begin_hmac(hmac, HashKind::sha256, KeyEncoding::raw, secret);
    }
    auto key = secret.reveal();
    key.remove_prefix(key.starts_with(kStandardPrefix) ? kStandardPrefix.size() : 0);
    return begin_hmac(hmac, HashKind::sha256, KeyEncoding::base64, key);
  }

  // What is signed besides the body, right before it.
  [[nodiscard]] std::string before_body(const WholeRequest& request,
                                        const std::string& time) const {
    switch (style_) {
      case Style::github:
        return "";
      case Style::slack:
        return "v0:" + time + ":";
      case Style::standard:
        return std::string(request.fields.find(kStandardId)->value) + "." + time + ".";
    }
    KS_UNREACHABLE();
  }

  [[nodiscard]] std::string written(const Digest& digest) const {
    switch (style_) {
      case Style::github:
        return "sha256=" + encoded(digest, TextEncoding::hex);
      case Style::slack:
        return "v0=" + encoded(digest, TextEncoding::hex);
      case Style::standard:
        return "v1," + encoded(digest, TextEncoding::base64);
    }
    KS_UNREACHABLE();
  }

  Style style_;
  StyleFields fields_;
  std::string header_;  // the placeholder's, in lower case
};

// The placeholder's header goes, or is the signature's: it cannot be one of the others.
void check_header(Style style, std::string_view header, MadeInjection& made) {
  const auto fields = fields_of(style);
  if (header == fields.time || header == fields.id) {
    made.issues.push_back({"style",
                           0,
                           "`header` is one that this `style` writes something else into",
                           "take the header of the signature"});
  }
}

MadeInjection make_webhook(const SchemeSetup& setup) {
  MadeInjection made;
  const auto style =
      static_cast<Style>(read_one_of(setup, "style", {"github", "slack", "standard"}, made));
  if (setup.compose) {
    made.issues.push_back({"style", 0, "`compose` is for the scheme header", ""});
  }
  if (setup.place == nullptr) {
    return made;
  }
  check_header(style, setup.place->name(), made);
  if (made.issues.empty()) {
    made.injection =
        std::make_unique<WebhookSigner>(setup.name, style, std::string(setup.place->name()));
  }
  return made;
}

constexpr std::array kParameters = {
    SchemeParameter{"style", true, "whose signature: github, slack or standard"},
};

}  // namespace

extern const Scheme kWebhookScheme;
constinit const Scheme kWebhookScheme = {
    kSchemeName, "signed calls of a webhook", kParameters, make_webhook};

}  // namespace keyswap::bindings
