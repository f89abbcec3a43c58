"""Phase 2: the production backup, restored and looked over."""
