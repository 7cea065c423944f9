"""The commands of hushbox-export, one file each."""
