// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/Schema/Schema.h"

#include "frontends/onnx/Schema/MicrosoftOps.h"

#include <algorithm>

namespace ingot::schema {
namespace {

/// The oldest opset of ONNX's domain whose broadcasting rules are today's.
constexpr int kOldestOpset = 7;

class Registry final : public onnx::ISchemaRegistry {
public:
  const onnx::OpSchema *GetSchema(const std::string &op, int opset, const std::string &domain) const override {
    return findSchema(domain, op, opset);
  }
};

/// (domain, op) -> first version, made once because the registry can only be listed by copying every schema in it.
const std::map<std::string, std::map<std::string, int>> &firstVersions() {
  static const auto *const versions = [] {
    auto *all = new std::map<std::string, std::map<std::string, int>>;
    for (const onnx::OpSchema &schema : onnx::OpSchemaRegistry::get_all_schemas_with_history()) {
      auto [it, inserted] = (*all)[schema.domain()].emplace(schema.Name(), schema.SinceVersion());
      if (!inserted)
        it->second = std::min(it->second, schema.SinceVersion());
    }
    for (const auto &[name, schema] : microsoftOps())
      (*all)[kMicrosoftDomain.str()].emplace(name, schema.SinceVersion());
    return all;
  }();
  return *versions;
}

} // namespace

llvm::StringRef normalDomain(llvm::StringRef domain) { return domain == "ai.onnx" ? llvm::StringRef("") : domain; }

llvm::StringRef printedDomain(llvm::StringRef domain) { return domain.empty() ? llvm::StringRef("ai.onnx") : domain; }

std::optional<VersionRange> supportedOpsets(llvm::StringRef domain) {
  domain = normalDomain(domain);
  if (domain == kMicrosoftDomain)
    return VersionRange{1, 1};
  const auto &ranges = onnx::OpSchemaRegistry::DomainToVersionRange::Instance().Map();
  auto it = ranges.find(domain.str());
  if (it == ranges.end())
    return std::nullopt;
  return VersionRange{domain.empty() ? kOldestOpset : it->second.first, it->second.second};
}

std::vector<std::string> knownDomains() {
  std::vector<std::string> domains{kMicrosoftDomain.str()};
  for (const auto &[domain, range] : onnx::OpSchemaRegistry::DomainToVersionRange::Instance().Map())
    domains.push_back(domain);
  std::sort(domains.begin(), domains.end());
  return domains;
}

const onnx::ISchemaRegistry &registry() {
  static const Registry instance;
  return instance;
}

const onnx::OpSchema *findSchema(llvm::StringRef domain, llvm::StringRef op, int opset) {
  domain = normalDomain(domain);
  if (domain == kMicrosoftDomain) {
    auto it = microsoftOps().find(op.str());
    return it == microsoftOps().end() ? nullptr : &it->second;
  }
  return onnx::OpSchemaRegistry::Schema(op.str(), opset, domain.str());
}

std::optional<int> sinceVersion(llvm::StringRef domain, llvm::StringRef op, int opset) {
  const onnx::OpSchema *schema = findSchema(domain, op, opset);
  return schema ? std::optional<int>(schema->SinceVersion()) : std::nullopt;
}

std::optional<int> firstVersion(llvm::StringRef domain, llvm::StringRef op) {
  auto ops = firstVersions().find(normalDomain(domain).str());
  if (ops == firstVersions().end())
    return std::nullopt;
  auto it = ops->second.find(op.str());
  return it == ops->second.end() ? std::nullopt : std::optional<int>(it->second);
}

const onnx::AttributeProto *attributeDefault(const onnx::OpSchema &schema, llvm::StringRef name) {
  auto it = schema.attributes().find(name.str());
  if (it == schema.attributes().end() || it->second.default_value.name().empty())
    return nullptr;
  return &it->second.default_value;
}

const onnx::AttributeProto *attributeOrDefault(const onnx::NodeProto &node, const onnx::OpSchema &schema, llvm::StringRef name) {
  for (const onnx::AttributeProto &attribute : node.attribute())
    if (name == attribute.name())
      return &attribute;
  return attributeDefault(schema, name);
}

std::vector<std::string> opNames(llvm::StringRef domain) {
  std::vector<std::string> names;
  auto ops = firstVersions().find(normalDomain(domain).str());
  if (ops != firstVersions().end())
    for (const auto &[name, version] : ops->second)
      names.push_back(name);
  return names;
}

std::optional<std::string> nearestName(llvm::StringRef name, llvm::ArrayRef<std::string> candidates) {
  unsigned best = std::max<size_t>(1, name.size() / 3) + 1;
  const std::string *nearest = nullptr;
  for (const std::string &candidate : candidates) {
    unsigned distance = name.edit_distance_insensitive(candidate, /*AllowReplacements=*/true, best);
    if (distance < best) {
      best = distance;
      nearest = &candidate;
    }
  }
  return nearest ? std::optional<std::string>(*nearest) : std::nullopt;
}

std::string didYouMean(llvm::StringRef name, llvm::ArrayRef<std::string> candidates) {
  std::optional<std::string> nearest = nearestName(name, candidates);
  return nearest ? " (did you mean '" + *nearest + "'?)" : "";
}

} // namespace ingot::schema
