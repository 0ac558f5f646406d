// SPDX-License-Identifier: Apache-2.0
//
// The scheme `hmac`: an HMAC over a template of the request, written into a header, the query or a
// form. For APIs and webhooks whose signature needs nothing else.
#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>

#include "bindings/placement.h"
#include "bindings/schemes.h"
#include "bindings/signing_parts.h"
#include "proxy/base/bounds.h"
#include "proxy/http/message.h"

namespace keyswap::bindings {

namespace {

constexpr std::string_view kSchemeName = "hmac";
constexpr std::string_view kSignature = "{signature}";

enum class Into : std::uint8_t { header, query, form };

enum class Part : std::uint8_t {
  text,
  method,
  path,
  query,
  path_and_query,
  body,
  body_sha256,
  body_sha512,
  timestamp,
  timestamp_ms,
  timestamp_iso,
  nonce,
  host,
  key_id,
};

struct NamedPart {
  std::string_view name;
  Part part;
};

constexpr std::array kParts = {
    NamedPart{"method", Part::method},
    NamedPart{"path", Part::path},
    NamedPart{"query", Part::query},
    NamedPart{"path_and_query", Part::path_and_query},
    NamedPart{"body", Part::body},
    NamedPart{"body_sha256", Part::body_sha256},
    NamedPart{"body_sha512", Part::body_sha512},
    NamedPart{"timestamp", Part::timestamp},
    NamedPart{"timestamp_ms", Part::timestamp_ms},
    NamedPart{"timestamp_iso", Part::timestamp_iso},
    NamedPart{"nonce", Part::nonce},
    NamedPart{"host", Part::host},
    NamedPart{"key_id", Part::key_id},
};

struct Piece {
  Part part = Part::text;
  std::string text;  // of Part::text
};

// All names of fields are lower case; "" where there is none.
struct Plan {
  HashKind kind = HashKind::sha256;
  KeyEncoding key_encoding = KeyEncoding::raw;
  TextEncoding encoding = TextEncoding::hex;
  TimeUnit time_unit = TimeUnit::s;
  Into into = Into::header;
  std::string header;
  std::string name;  // of the signature's field, or of its parameter
  std::string before;
  std::string after;
  std::string timestamp_header;
  std::string nonce_header;
  std::string passphrase_header;
  bool has_key_id = false;
  std::vector<Piece> pieces;

  [[nodiscard]] bool uses(Part part) const {
    return std::any_of(
        pieces.begin(), pieces.end(), [&](const Piece& piece) { return piece.part == part; });
  }
};

// What is signed, after the client's own signature is gone.
struct Subject {
  const WholeRequest& request;
  const SignInput& input;
  std::string_view path;
  std::string_view query;
  bool has_query = false;
  std::string_view body;
};

// RFC 3986: what base64 has besides unreserved characters.
std::string escaped(std::string_view base64) {
  std::string text;
  for (const char c : base64) {
    text += c == '+' ? "%2B" : c == '/' ? "%2F" : c == '=' ? "%3D" : std::string(1, c);
  }
  return text;
}

class HmacSigner final : public SigningInjection {
 public:
  HmacSigner(Plan plan, std::vector<vault::SecretName> needs)
      : SigningInjection(kSchemeName, std::move(needs)), plan_(std::move(plan)) {}

  [[nodiscard]] Judgement judge(const WholeRequest& request,
                                const Scope& /*scope*/) const override {
    const auto target = split_target(request.target);
    const bool is_repeated =
        repeats_a_field(request,
                        {plan_.header,
                         plan_.into == Into::header ? plan_.name : std::string(),
                         plan_.timestamp_header,
                         plan_.nonce_header,
                         plan_.passphrase_header});
    if (is_repeated || (plan_.into != Into::header && !has_room(request, target.query))) {
      return malformed();
    }
    Judgement judgement;
    judgement.wants_nonce = plan_.uses(Part::nonce) || !plan_.nonce_header.empty();
    return judgement;
  }

  [[nodiscard]] base::Status sign(const WholeRequest& request,
                                  const SignInput& input,
                                  Edits& edits) const override {
    KS_ASSERT(input.secrets.size() == needs().size());
    const auto target = split_target(request.target);
    Subject subject{request, input, target.path, target.query, target.has_query, request.body};
    std::string rest;  // of the part that the signature goes into
    if (plan_.into == Into::query) {
      rest = without_parameter(target.query, plan_.name);
      subject.query = rest;
      subject.has_query = !rest.empty();
    } else if (plan_.into == Into::form) {
      rest = without_parameter(request.body, plan_.name);
      subject.body = rest;
    }
    Hmac hmac;
    KS_TRY(begin_hmac(hmac, plan_.kind, plan_.key_encoding, input.secrets[0]));
    for (const auto& piece : plan_.pieces) {
      KS_TRY(add_piece(hmac, piece, subject));
    }
    Digest digest;
    KS_TRY(hmac.finish(digest));
    KS_TRY(set_fields(input, edits));
    const auto signature = encoded(digest, plan_.encoding);
    if (plan_.into == Into::header) {
      return set_field(edits, plan_.name, plan_.before + signature + plan_.after);
    }
    append_parameter(rest, plan_.name, escaped(signature));
    if (plan_.into == Into::form) {
      edits.set_body(std::move(rest));
      return {};
    }
    edits.set_target(std::string(target.path) + "?" + rest);
    return {};
  }

 private:
  // Can the signature's parameter be written, and be the only one of its name?
  [[nodiscard]] bool has_room(const WholeRequest& request, std::string_view query) const {
    const auto in_query = count_parameter(query, plan_.name);
    if (plan_.into == Into::query) {
      return in_query.same <= 1 && in_query.alike == 0;
    }
    const auto in_body = count_parameter(request.body, plan_.name);
    return is_form(request) && in_body.same <= 1 && in_body.alike == 0 &&
           in_query.same + in_query.alike == 0;
  }

  base::Status add_piece(Hmac& hmac, const Piece& piece, const Subject& subject) const {
    const auto& request = subject.request;
    switch (piece.part) {
      case Part::text:
        return hmac.add(piece.text);
      case Part::method:
        return hmac.add(request.method);
      case Part::path:
        return hmac.add(subject.path);
      case Part::query:
        return hmac.add(subject.query);
      case Part::path_and_query:
        KS_TRY(hmac.add(subject.path));
        KS_TRY(hmac.add(subject.has_query ? "?" : ""));
        return hmac.add(subject.query);
      case Part::body:
        return hmac.add(subject.body);
      case Part::body_sha256:
        return add_hash(hmac, HashKind::sha256, subject.body);
      case Part::body_sha512:
        return add_hash(hmac, HashKind::sha512, subject.body);
      case Part::timestamp:
        return hmac.add(time_text(plan_.time_unit, subject.input.now_us));
      case Part::timestamp_ms:
        return hmac.add(time_text(TimeUnit::ms, subject.input.now_us));
      case Part::timestamp_iso:
        return hmac.add(time_text(TimeUnit::iso, subject.input.now_us));
      case Part::nonce:
        return hmac.add(std::to_string(subject.input.nonce));
      case Part::host:
        return hmac.add(request.host);
      case Part::key_id:
        return hmac.add(subject.input.secrets[1].reveal());
    }
    KS_UNREACHABLE();
  }

  static base::Status add_hash(Hmac& hmac, HashKind kind, std::string_view body) {
    Digest digest;
    KS_TRY(digest.hash(kind, body));
    return hmac.add(base::to_hex(digest.view()));
  }

  // All fields but the signature's.
  base::Status set_fields(const SignInput& input, Edits& edits) const {
    if (plan_.has_key_id) {
      KS_TRY(set_field(edits, plan_.header, input.secrets[1]));
    } else if (plan_.into != Into::header || plan_.name != plan_.header) {
      edits.remove_field(plan_.header);
    }
    if (!plan_.timestamp_header.empty()) {
      KS_TRY(set_field(edits, plan_.timestamp_header, time_text(plan_.time_unit, input.now_us)));
    }
    if (!plan_.nonce_header.empty()) {
      KS_TRY(set_field(edits, plan_.nonce_header, std::to_string(input.nonce)));
    }
    if (!plan_.passphrase_header.empty()) {
      KS_TRY(set_field(edits, plan_.passphrase_header, input.secrets.back()));
    }
    return {};
  }

  Plan plan_;
};

// --- making one ---

void complain(MadeInjection& made, std::string_view parameter, std::string text, std::string hint) {
  made.issues.push_back({parameter, 0, std::move(text), std::move(hint)});
}

std::string known_names() {
  std::string names;
  for (const auto& known : kParts) {
    names += (names.empty() ? "{" : ", {") + std::string(known.name) + "}";
  }
  return names;
}

void add_text(std::vector<Piece>& pieces, char c) {
  if (pieces.empty() || pieces.back().part != Part::text) {
    pieces.push_back({});
  }
  pieces.back().text += c;
}

std::vector<Piece> read_template(const std::string& text, MadeInjection& made) {
  std::vector<Piece> pieces;
  if (text.size() > base::bounds::kTemplateBytesMax) {
    complain(made, "template", "`template` is longer than 4096 bytes", "");
    return pieces;
  }
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '{') {
      add_text(pieces, text[at]);
      continue;
    }
    if (text.compare(at, 2, "{{") == 0) {
      add_text(pieces, '{');
      ++at;
      continue;
    }
    const auto end = std::min(text.find('}', at), text.size());
    const auto name = std::string_view(text).substr(at + 1, end - at - 1);
    const auto* const known = std::find_if(
        kParts.begin(), kParts.end(), [&](const NamedPart& part) { return part.name == name; });
    if (end == text.size() || known == kParts.end()) {
      made.issues.push_back({"template",
                             at,
                             "`template` has a name in braces that is not known, or no end to it",
                             "known are " + known_names() + "; {{ is a brace"});
      return pieces;
    }
    pieces.push_back({known->part, {}});
    at = end;
  }
  return pieces;
}

// The lower-case name of a header that a parameter gives; "" if it is not given, or is none.
std::string read_header(const SchemeSetup& setup, std::string_view parameter, MadeInjection& made) {
  const auto* const text = setup.find(parameter);
  if (text == nullptr) {
    return "";
  }
  auto header = credential_header(*text);
  if (!header.problem.empty()) {
    complain(made, parameter, header.problem, "");
  }
  return std::move(header.name);
}

bool is_parameter_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    const char lower = base::to_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  });
}

// `into`, `name` and `format`.
void read_place(const SchemeSetup& setup, Plan& plan, MadeInjection& made) {
  plan.into = static_cast<Into>(read_one_of(setup, "into", {"header", "query", "form"}, made));
  const auto* const name = setup.find("name");
  const auto* const format = setup.find("format");
  if (plan.into != Into::header) {
    if (name == nullptr || !is_parameter_name(*name)) {
      complain(made,
               "name",
               "`name` must say which parameter the signature becomes",
               "letters, digits, '_', '-' and '.', as in `name: signature`");
    }
    if (format != nullptr) {
      complain(made, "format", "`format` is for a signature in a header", "");
    }
    plan.name = name == nullptr ? "" : *name;
    return;
  }
  plan.name = name == nullptr ? plan.header : read_header(setup, "name", made);
  const auto& text = format == nullptr ? std::string(kSignature) : *format;
  const auto at = text.find(kSignature);
  if (at == std::string::npos || text.find(kSignature, at + 1) != std::string::npos ||
      !http::is_field_value(text)) {
    complain(made,
             "format",
             "`format` must have {signature} in it, once, and make a header value",
             "as in \"sha256={signature}\"");
    return;
  }
  plan.before = text.substr(0, at);
  plan.after = text.substr(at + kSignature.size());
}

// The headers that are written must be different ones.
void check_headers(const Plan& plan, MadeInjection& made) {
  std::vector<std::string> names = {
      plan.timestamp_header, plan.nonce_header, plan.passphrase_header};
  if (plan.into == Into::header) {
    names.push_back(plan.name);
  }
  if (plan.has_key_id || plan.into != Into::header || plan.name != plan.header) {
    names.push_back(plan.header);
  }
  std::erase(names, "");
  std::sort(names.begin(), names.end());
  if (std::adjacent_find(names.begin(), names.end()) != names.end()) {
    complain(made,
             "header",
             "two things cannot go into the same header",
             "with `key_id` the key goes into `header`; give the signature's with `name`");
  }
}

Plan read_plan(const SchemeSetup& setup, MadeInjection& made) {
  Plan plan;
  constexpr std::array kKinds = {
      HashKind::sha256, HashKind::sha512, HashKind::sha1, HashKind::sha384};
  plan.kind =
      kKinds.at(read_one_of(setup, "algorithm", {"sha256", "sha512", "sha1", "sha384"}, made));
  plan.key_encoding =
      static_cast<KeyEncoding>(read_one_of(setup, "key_encoding", {"raw", "base64", "hex"}, made));
  plan.encoding = static_cast<TextEncoding>(
      read_one_of(setup, "encoding", {"hex", "base64", "base64url"}, made));
  plan.time_unit =
      static_cast<TimeUnit>(read_one_of(setup, "timestamp_unit", {"s", "ms", "iso"}, made));
  if (setup.place != nullptr) {
    plan.header = setup.place->name();
  }
  plan.timestamp_header = read_header(setup, "timestamp_header", made);
  plan.nonce_header = read_header(setup, "nonce_header", made);
  plan.passphrase_header = read_header(setup, "passphrase_header", made);
  plan.has_key_id = setup.find("key_id") != nullptr;
  plan.pieces = read_template(*setup.find("template"), made);
  read_place(setup, plan, made);
  check_headers(plan, made);
  return plan;
}

MadeInjection make_hmac(const SchemeSetup& setup) {
  MadeInjection made;
  auto plan = read_plan(setup, made);
  std::vector<vault::SecretName> needs = {read_entry_name(setup, "key", made).value_or(setup.name)};
  for (const auto* const parameter : {"key_id", "passphrase"}) {
    if (auto name = read_entry_name(setup, parameter, made)) {
      needs.push_back(std::move(*name));
    }
  }
  if (setup.compose) {
    complain(made, "template", "`compose` is for the scheme header", "");
  }
  if (plan.uses(Part::key_id) && !plan.has_key_id) {
    complain(made, "template", "`template` has {key_id}, and there is no `key_id`", "");
  }
  if ((setup.find("passphrase") == nullptr) != plan.passphrase_header.empty()) {
    complain(made, "passphrase_header", "`passphrase` and `passphrase_header` belong together", "");
  }
  if (plan.pieces.empty() && made.issues.empty()) {
    complain(made, "template", "`template` is empty: there is nothing to sign", "");
  }
  if (made.issues.empty()) {
    made.injection = std::make_unique<HmacSigner>(std::move(plan), std::move(needs));
  }
  return made;
}

constexpr std::array kParameters = {
    SchemeParameter{"template", true, "what is signed, with {method}, {path} and so on"},
    SchemeParameter{"algorithm", false, "sha256, sha512, sha1 or sha384"},
    SchemeParameter{"key", false, "the vault entry of the signing key, if it is not this one"},
    SchemeParameter{"key_encoding", false, "what the key's value is: raw, base64 or hex"},
    SchemeParameter{"encoding", false, "of the signature: hex, base64 or base64url"},
    SchemeParameter{"into", false, "where the signature goes: header, query or form"},
    SchemeParameter{"name", false, "of the signature's header or parameter"},
    SchemeParameter{"format", false, "the signature's header, with {signature} in it"},
    SchemeParameter{"key_id", false, "the vault entry whose value goes into `header`"},
    SchemeParameter{"timestamp_header", false, "a header that gets the time"},
    SchemeParameter{"timestamp_unit", false, "of {timestamp}: s, ms or iso"},
    SchemeParameter{"nonce_header", false, "a header that gets a number that only rises"},
    SchemeParameter{"passphrase", false, "the vault entry whose value goes into its header"},
    SchemeParameter{"passphrase_header", false, "the header of `passphrase`"},
};

}  // namespace

extern const Scheme kHmacScheme;
constinit const Scheme kHmacScheme = {
    kSchemeName, "an HMAC over a template of the request", kParameters, make_hmac};

}  // namespace keyswap::bindings
