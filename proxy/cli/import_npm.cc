// SPDX-License-Identifier: Apache-2.0
//
// npm's .npmrc: //HOST/PATH/:_authToken=…, :_auth=… (base64 of user:password) and :_password=…
// (base64 of it).
#include "proxy/cli/credential_file.h"

namespace keyswap::cli {

namespace {

constexpr std::string_view kToken = "_authToken";
constexpr std::string_view kPair = "_auth";
constexpr std::string_view kPassword = "_password";
constexpr std::string_view kPublic = "registry.npmjs.org";

void take_other(std::size_t line, const Setting& setting, CredentialFile& file) {
  if (has_user_info(setting.value)) {
    file.left_out.push_back(at_line(line,
                                    setting.key.ends_with("proxy")
                                        ? "credentials of a proxy"
                                        : "credentials in a URL; npm takes them as //HOST/:_auth"));
  }
}

void take(std::size_t line, const Setting& setting, CredentialFile& file) {
  const std::size_t colon = setting.key.rfind(':');
  const std::string_view field =
      colon == std::string_view::npos ? setting.key : setting.key.substr(colon + 1);
  if (field != kToken && field != kPair && field != kPassword) {
    take_other(line, setting, file);
    return;
  }
  if (setting.value.empty()) {
    return;
  }
  if (setting.value.find('\\') != std::string_view::npos) {
    file.left_out.push_back(at_line(line, "npm reads a backslash in its own way"));
    return;
  }
  if (setting.value.find("${") != std::string_view::npos) {
    file.left_out.push_back(
        at_line(line, "it comes from a variable, which can have a placeholder"));
    return;
  }
  if (!setting.key.starts_with("//") || colon == std::string_view::npos) {
    file.left_out.push_back(
        at_line(line, "it names no registry; npm takes it as //HOST/:" + std::string(field)));
    return;
  }
  const std::string_view registry = setting.key.substr(2, colon - 2);
  Credential credential;
  credential.line = line;
  credential.host = registry.substr(0, registry.find('/'));
  credential.spot = {setting.begin, setting.value.size(), Writing::plain};
  if (field == kToken) {
    credential.name =
        credential.host == kPublic ? "NPM_TOKEN" : name_for("NPM_TOKEN", credential.host);
    credential.provider = "npm";
  } else {
    credential.name = name_for("NPM_PASSWORD", credential.host);
    credential.spot.writing = field == kPair ? Writing::basic : Writing::base64;
  }
  file.credentials.push_back(std::move(credential));
}

}  // namespace

std::optional<Setting> read_npm_setting(const TextLine& line) {
  auto setting = read_setting(line, "=");
  if (!setting) {
    return std::nullopt;
  }
  const std::string_view value = setting->value;
  if (value.size() >= 2 && value.front() == value.back() &&
      (value.front() == '"' || value.front() == '\'')) {
    setting->value = value.substr(1, value.size() - 2);
    ++setting->begin;
  } else {
    const std::string_view plain = value.substr(0, value.find_first_of(";#"));
    setting->value = plain.substr(0, plain.find_last_not_of(" \t") + 1);
  }
  return setting;
}

CredentialFile read_npmrc(std::string_view text) {
  CredentialFile file;
  Lines lines(text);
  while (const auto line = lines.next()) {
    if (const auto setting = read_npm_setting(*line)) {
      take(line->number, *setting, file);
    }
  }
  return file;
}

}  // namespace keyswap::cli
