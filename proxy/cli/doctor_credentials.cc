// SPDX-License-Identifier: Apache-2.0
//
// Real credentials that tools read by themselves, past every placeholder. What `import` left in
// such a file is none any more.
#include <algorithm>
#include <iterator>
#include <utility>

#include <unistd.h>

#include "proxy/cli/client_files.h"
#include "proxy/cli/credential_source.h"
#include "proxy/cli/doctor.h"
#include "proxy/cli/importers.h"
#include "proxy/cli/policy.h"

namespace keyswap::cli {

namespace {

constexpr const char* kCredentialFiles = "credential files";

std::vector<Placeholder> placeholders_in(const Home& home) {
  auto parsed = read_bindings(home.bindings());
  return parsed ? placeholders_of(parsed->bindings) : std::vector<Placeholder>();
}

// A value that cannot be read counts: nobody knows that it is a placeholder.
bool is_real(std::string_view text,
             const Spot& spot,
             const std::vector<Placeholder>& placeholders) {
  const auto value = value_at(text, spot);
  return !value || std::ranges::none_of(placeholders, [&value](const Placeholder& placeholder) {
    return placeholder.text == value->view();
  });
}

Finding noteworthy(std::string text, std::string hint) {
  return {kCredentialFiles, Health::note, std::move(text), std::move(hint)};
}

// What an import kept, for the case that something does not work.
std::vector<Finding> look_for_copy(const std::string& path) {
  const std::string copy = path + ".before-keyswap";
  if (access(copy.c_str(), F_OK) != 0) {
    return {};
  }
  return {
      noteworthy(copy + " holds the real credentials still", "once all works: shred -u " + copy)};
}

// Nothing of a file that is not there, or has nothing that is real.
std::vector<Finding> look_into(const Importer& importer,
                               const std::string& path,
                               const std::vector<Placeholder>& placeholders) {
  if (access(path.c_str(), F_OK) != 0) {
    return {};
  }
  const std::string import = "keyswap import " + std::string(importer.name) + " " + path;
  auto source = read_source(path);
  if (!source) {
    return {noteworthy(source.failure().what, source.failure().hint)};
  }
  const std::string_view text = source->text.view();
  const CredentialFile found = importer.read(text);
  if (std::ranges::any_of(found.credentials, [&](const Credential& credential) {
        return is_real(text, credential.spot, placeholders);
      })) {
    return {noteworthy(path + " holds real credentials that tools send", import + " --apply")};
  }
  if (!found.left_out.empty()) {
    return {noteworthy(path + " may hold credentials that cannot be replaced", import)};
  }
  return {};
}

}  // namespace

std::vector<Finding> examine_credential_files(const Patient& patient) {
  std::vector<Finding> findings;
  const auto found = patient.environment.find("HOME");
  const std::string home = found == patient.environment.end() ? "" : found->second;
  const auto placeholders = placeholders_in(patient.home);
  for (const Importer& importer : kImporters) {
    for (const std::string_view file : importer.files) {
      if (!file.empty() && home.starts_with('/')) {
        const std::string path = home + "/" + std::string(file);
        std::ranges::move(look_into(importer, path, placeholders), std::back_inserter(findings));
        std::ranges::move(look_for_copy(path), std::back_inserter(findings));
      }
    }
  }
  if (const std::string git = home + "/.git-credentials"; access(git.c_str(), R_OK) == 0) {
    findings.push_back(noteworthy(git + " holds real credentials that git sends",
                                  "move them into the vault, and put placeholders there"));
  }
  if (findings.empty()) {
    findings.push_back({kCredentialFiles, Health::ok, "nothing real in the usual ones", ""});
  }
  return findings;
}

}  // namespace keyswap::cli
