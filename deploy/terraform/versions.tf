terraform {
  required_version = ">= 1.5"

  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = "~> 4.0"
    }
  }
}

# ARM_SUBSCRIPTION_ID, or subscription_id here, says which subscription is meant.
provider "azurerm" {
  features {}
}
