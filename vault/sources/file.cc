// SPDX-License-Identifier: Apache-2.0
//
// Files, one a secret: what systemd and CI systems lay out. A key is an absolute path, or a path
// below the source's `directory`. Who reads it looks at its owner and mode. With `mounted: true`
// they are what a platform lays out for its programs: links, maybe, and others may read them.
#include <array>
#include <memory>
#include <string>
#include <utility>

#include "vault/sources/each_key_run.h"
#include "vault/sources/kinds.h"

namespace keyswap::vault {

namespace {

class FileRun final : public EachKeyRun {
 public:
  FileRun(const std::string& directory, bool is_mounted, std::span<const std::string> keys)
      : EachKeyRun(keys), directory_(directory), is_mounted_(is_mounted) {}

  [[nodiscard]] Step begin(std::int64_t /*now_us*/) override { return ask(); }

  [[nodiscard]] Step on(Answer answer, std::int64_t /*now_us*/) override {
    if (const auto* error = std::get_if<base::Error>(&answer)) {
      return missed(fail_of_file(*error));
    }
    const auto& entry = std::get<EntryAnswer>(answer);
    return brought_fields(
        [&](std::string_view field) { return picked(entry.value.share(), field); }, entry.version);
  }

 private:
  Step ask() override {
    const std::string_view path = key().key;
    const bool is_absolute = path.starts_with('/');
    if (is_absolute != directory_.empty() || !is_path_below(path.substr(is_absolute ? 1 : 0))) {
      return missed(fail(FetchFault::not_found, "no_path"));
    }
    return ReadFile{is_absolute ? std::string(path) : directory_ + "/" + std::string(path),
                    is_mounted_};
  }

  static Failed fail_of_file(const base::Error& error) {
    if (error.code == base::Errc::not_found) {
      return fail(FetchFault::not_found, "not_found");
    }
    if (error.code == base::Errc::permission) {
      return fail(FetchFault::bad_answer, "not_permitted");
    }
    return fail_of(error);
  }

  const std::string& directory_;
  bool is_mounted_;
};

class Files final : public Backend {
 public:
  explicit Files(const SourceSpec& spec)
      : directory_(setting_text(spec, "directory")),
        is_mounted_(setting_text(spec, "mounted") == "true") {}

  [[nodiscard]] std::unique_ptr<Run> fetch(std::span<const std::string> keys) override {
    return std::make_unique<FileRun>(directory_, is_mounted_, keys);
  }

 private:
  std::string directory_;
  bool is_mounted_;
};

std::unique_ptr<Backend> make(const SourceSpec& spec) {
  return std::make_unique<Files>(spec);
}

const char* check_flag(std::string_view text) {
  return text == "true" || text == "false" ? nullptr : "true or false stands here";
}

constexpr std::array kSettings = {
    SettingRule{.name = "directory", .check = check_absolute_path},
    SettingRule{.name = "mounted", .check = check_flag},
};

}  // namespace

extern const BackendKind kFileKind;
constinit const BackendKind kFileKind = {
    .name = "file", .settings = kSettings, .is_remote = false, .make = make};

}  // namespace keyswap::vault
