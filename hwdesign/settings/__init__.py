"""Configuration files, shared by all that read them: YAML whose every fault is named with its file and line."""

from hwdesign.settings.origin import Origin
from hwdesign.settings.section import MAX_CONFIG_BYTES, Section, parse_section, read_yaml, refuse

__all__ = ["MAX_CONFIG_BYTES", "Origin", "Section", "parse_section", "read_yaml", "refuse"]
